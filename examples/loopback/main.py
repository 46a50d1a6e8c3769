"""Both ends in one program, over the loopback interface, on a port that the
system chooses."""

import socket
import threading


def serve(listener):
    stream, _peer = listener.accept()
    with stream:
        stream.sendall(b"loopback works")


# Port 0 asks for a free one: no two programs quarrel about a number.
with socket.create_server(("127.0.0.1", 0)) as listener:
    address = listener.getsockname()
    print("listening on %s:%d" % address, flush=True)
    # It listens already, so the connection waits for accept in the kernel.
    server = threading.Thread(target=serve, args=(listener,))
    server.start()
    with socket.create_connection(address, timeout=5) as stream:
        with stream.makefile("r", encoding="utf-8") as reader:
            print(reader.read())
    server.join()
