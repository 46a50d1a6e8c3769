"""Sends its messages until the server says closed."""

import socket
import sys

host, port = sys.argv[1].rsplit(":", 1)
messages = sys.argv[2:] or ["hello", "CLOSE", "never sent"]
with socket.create_connection((host, int(port)), timeout=5) as stream:
    with stream.makefile("r", encoding="utf-8", newline="\n") as reader:
        for message in messages:
            stream.sendall(f"{message}\n".encode())
            answer = reader.readline().rstrip()
            if not answer:
                break
            print(answer)
            if answer == "closed":
                break
