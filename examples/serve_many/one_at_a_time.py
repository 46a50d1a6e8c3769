"""One client at a time: the simplest server. Whoever comes meanwhile waits in
the kernel's queue, and one silent client holds up all."""

import socket
import sys


def serve(stream):
    stream.settimeout(5)
    with stream, stream.makefile("rb") as reader:
        while line := reader.readline(1 << 20):
            stream.sendall(b"Echo: " + line)


clients = int(sys.argv[1]) if len(sys.argv) > 1 else 8
with socket.create_server(("127.0.0.1", 0)) as listener:
    print("listening on %s:%d" % listener.getsockname(), flush=True)
    for _ in range(clients):
        stream, peer = listener.accept()
        try:
            serve(stream)
        except OSError as error:
            print(f"{peer}: {error}", file=sys.stderr)
