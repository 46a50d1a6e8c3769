"""Says one thing, says that it was all, reads the answer to its end."""

import socket
import sys

host, port = sys.argv[1].rsplit(":", 1)
with socket.create_connection((host, int(port)), timeout=5) as stream:
    stream.sendall(b"Hello TCP!")
    # Half of the connection ends; answers still come.
    stream.shutdown(socket.SHUT_WR)
    with stream.makefile("r", encoding="utf-8") as reader:
        print(reader.read())
