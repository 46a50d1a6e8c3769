"""Sends one datagram and waits for the answer, but not for ever."""

import socket
import sys

PATIENCE_S = 2.0  # a datagram or its answer may be lost: nobody else says so

host, port = sys.argv[1].rsplit(":", 1)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    # Connected, the socket hears of a port where nobody listens (ICMP), and
    # takes datagrams from this peer alone.
    client.connect((host, int(port)))
    client.settimeout(PATIENCE_S)
    try:
        client.send(b"Hello UDP!")
        print(client.recv(65_507).decode(errors="replace"))
    except TimeoutError:
        print("no response received (timeout)")
        sys.exit(1)
    except ConnectionRefusedError:
        print("nobody listens there")
        sys.exit(1)
