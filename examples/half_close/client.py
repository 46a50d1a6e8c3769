"""Sees the end of the server's half, and can still send."""

import socket
import sys

host, port = sys.argv[1].rsplit(":", 1)
with socket.create_connection((host, int(port)), timeout=5) as stream:
    stream.sendall(b"CLIENT DATA\n")
    answer = b""
    while piece := stream.recv(4096):
        answer += piece
    print(answer.decode())
    print("bytes at the end of the stream:", len(stream.recv(16)))
    stream.sendall(b"STILL HERE\n")
