"""Speaks first, as servers of mail and files do."""

import socket
import sys

clients = int(sys.argv[1]) if len(sys.argv) > 1 else 1
with socket.create_server(("127.0.0.1", 0)) as listener:
    print("listening on %s:%d" % listener.getsockname(), flush=True)
    for _ in range(clients):
        stream, _peer = listener.accept()
        with stream:
            try:
                stream.sendall(b"CONNECTED\n")
            except OSError as error:  # a client that has gone is no reason to stop
                print("cannot greet:", error, file=sys.stderr)
