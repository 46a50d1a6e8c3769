"""Many clients at once: all are connected before the first one speaks, and
each gets its own answer."""

import socket
import sys
from concurrent.futures import ThreadPoolExecutor

PATIENCE_S = 5


def ask(number, stream):
    with stream, stream.makefile("r", encoding="utf-8", newline="\n") as reader:
        stream.sendall(f"client {number}\n".encode())
        stream.shutdown(socket.SHUT_WR)
        return reader.readline()


host, port = sys.argv[1].rsplit(":", 1)
clients = int(sys.argv[2]) if len(sys.argv) > 2 else 8
streams = [socket.create_connection((host, int(port)), PATIENCE_S) for _ in range(clients)]
with ThreadPoolExecutor(clients) as pool:
    answers = list(pool.map(ask, range(clients), streams))
for number, answer in enumerate(answers):
    if answer != f"Echo: client {number}\n":
        sys.exit(f"client {number} got {answer!r}")
print(f"{clients} clients got their own answers")
