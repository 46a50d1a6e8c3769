"""One thread, many clients: the selector says which socket has something, and
each client is a small state instead of a thread. This is what asyncio does
below."""

import selectors
import socket
import sys

QUEUED_BYTES_MAX = 64 * 1024  # a client that does not read is not read from


class Client:
    def __init__(self, stream):
        stream.setblocking(False)
        self.stream = stream
        self.line = b""  # the beginning of a line whose end has not come yet
        self.queued = b""
        self.ended = False

    def interest(self):
        read = not self.ended and len(self.queued) + len(self.line) < QUEUED_BYTES_MAX
        return read * selectors.EVENT_READ | bool(self.queued) * selectors.EVENT_WRITE

    def advance(self, ready):
        """Does what can be done without waiting; false when it is done."""
        if ready & selectors.EVENT_READ:
            piece = self.stream.recv(4096)
            self.ended = not piece
            self.line += piece
        *lines, self.line = self.line.split(b"\n")
        self.queued += b"".join(b"Echo: " + line + b"\n" for line in lines)
        try:
            self.queued = self.queued[self.stream.send(self.queued):]
        except BlockingIOError:
            pass
        too_long = len(self.line) >= QUEUED_BYTES_MAX
        return not too_long and not (self.ended and not self.queued)


left = int(sys.argv[1]) if len(sys.argv) > 1 else 8
with socket.create_server(("127.0.0.1", 0)) as listener, selectors.DefaultSelector() as selector:
    listener.setblocking(False)
    print("listening on %s:%d" % listener.getsockname(), flush=True)
    selector.register(listener, selectors.EVENT_READ)
    while selector.get_map():
        ready = selector.select(5)
        if not ready:  # nothing for five seconds: all that are left are silent
            ready = [(key, 0) for key in selector.get_map().values() if key.data]
            for key, _ in ready:
                key.data.ended, key.data.queued = True, b""
        for key, events in ready:
            client = key.data
            if client is None:
                client = Client(listener.accept()[0])
                selector.register(client.stream, client.interest(), client)
                left -= 1
                if left == 0:
                    selector.unregister(listener)
                continue
            try:
                going_on = client.advance(events)
            except OSError:
                going_on = False
            if going_on:
                selector.modify(client.stream, client.interest(), client)
            else:
                selector.unregister(client.stream)
                client.stream.close()
