"""Echoes datagrams of all clients from one socket, and counts them."""

import socket
import sys

datagrams = int(sys.argv[1]) if len(sys.argv) > 1 else 3
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
    server.bind(("127.0.0.1", 0))
    print("listening on %s:%d" % server.getsockname(), flush=True)
    for number in range(1, datagrams + 1):
        # The address comes with each datagram: there is no connection to ask.
        data, peer = server.recvfrom(65_507)
        try:
            server.sendto(b"Echo (%d): " % number + data, peer)
        except OSError as error:  # with the prefix it may have become too large
            print("cannot answer", peer, error, file=sys.stderr)
