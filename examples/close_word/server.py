"""Accepts messages until the client says close, in any case and with any line
end, or just ends."""

import socket
import sys

LINE_BYTES_MAX = 64 * 1024


def serve(stream):
    stream.settimeout(5)
    with stream, stream.makefile("rb") as reader:
        # The end of the stream is no empty message: it ends the loop.
        while line := reader.readline(LINE_BYTES_MAX):
            message = line.decode(errors="replace").rstrip()
            print("Received:", message, flush=True)
            if message.lower() == "close":
                stream.sendall(b"closed\n")
                return
            stream.sendall(b"accepted\n")


clients = int(sys.argv[1]) if len(sys.argv) > 1 else 1
with socket.create_server(("127.0.0.1", 0)) as listener:
    print("listening on %s:%d" % listener.getsockname(), flush=True)
    for _ in range(clients):
        stream, (host, port) = listener.accept()
        print(f"Accepted connection from {host}:{port}", flush=True)
        try:
            serve(stream)
        except OSError as error:
            print(f"{host}:{port}: {error}", file=sys.stderr)
        print(f"Connection to client ({host}:{port}) closed", flush=True)
