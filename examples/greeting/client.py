"""Waits to be greeted. The greeting ends with its line, however many pieces it
comes in."""

import socket
import sys

host, port = sys.argv[1].rsplit(":", 1)
with socket.create_connection((host, int(port)), timeout=5) as stream:
    with stream.makefile("r", encoding="utf-8", newline="\n") as reader:
        greeting = reader.readline()
if not greeting:
    sys.exit("the server closed without a word")
print(greeting.rstrip())
