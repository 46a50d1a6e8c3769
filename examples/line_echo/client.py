"""Sends lines of any length and counts the answers."""

import socket
import sys

host, port = sys.argv[1].rsplit(":", 1)
with socket.create_connection((host, int(port)), timeout=5) as stream:
    with stream.makefile("r", encoding="utf-8", newline="\n") as reader:
        for message in ["hello server", "x" * 1500, "café"]:
            stream.sendall(f"{message}\n".encode())
            answer = reader.readline()
            if not answer:
                sys.exit("the server closed before it answered")
            answer = answer.rstrip()
            if (length := len(answer.encode())) < 80:
                print(answer)
            else:
                print(f"{length} bytes, Echo: {answer.count('Echo: ')} time(s)")
