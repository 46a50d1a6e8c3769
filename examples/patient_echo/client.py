"""Tries to connect three times, each time with a socket of its own, and has a
time-out for everything that it waits for."""

import socket
import sys
import time

ATTEMPTS = 3
CONNECT_S = 10
READ_S = 5


def connect(server, pause):
    # A socket whose connect failed is of no more use: each attempt makes one.
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return socket.create_connection(server, timeout=CONNECT_S)
        except OSError:
            if attempt < ATTEMPTS:
                print(f"Connection attempt {attempt} failed, retrying...")
                time.sleep(pause)
            else:
                print(f"Connection attempt {attempt} failed")
    print("Failed to connect after retries")
    sys.exit(1)


host, port = sys.argv[1].rsplit(":", 1)
pause = float(sys.argv[2]) if len(sys.argv) > 2 else 2
with connect((host, int(port)), pause) as stream:
    stream.settimeout(READ_S)
    stream.sendall(b"Hello from client!\n")
    with stream.makefile("r", encoding="utf-8", newline="\n") as reader:
        print(reader.readline().rstrip())
