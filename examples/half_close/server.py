"""Ends its own half first and goes on reading: a connection is two streams."""

import socket

with socket.create_server(("127.0.0.1", 0)) as listener:
    print("listening on %s:%d" % listener.getsockname(), flush=True)
    stream, _peer = listener.accept()
    with stream, stream.makefile("r", encoding="utf-8", newline="\n") as reader:
        stream.settimeout(5)
        print("received:", reader.readline(1 << 20).rstrip(), flush=True)
        stream.sendall(b"SERVER DATA")
        # The FIN goes out; whoever sends it first keeps TIME_WAIT in the end.
        stream.shutdown(socket.SHUT_WR)
        print("after our end:", reader.read(1 << 20).rstrip(), flush=True)
