"""Acknowledges every datagram: one socket, no connection."""

import socket
import sys

PAYLOAD_BYTES_MAX = 65_507  # the largest over IPv4: a smaller buffer would cut

datagrams = int(sys.argv[1]) if len(sys.argv) > 1 else 1
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
    server.bind(("127.0.0.1", 0))
    print("listening on %s:%d" % server.getsockname(), flush=True)
    for _ in range(datagrams):
        data, peer = server.recvfrom(PAYLOAD_BYTES_MAX)
        print("received:", data.decode(errors="replace"), flush=True)
        server.sendto(b"ACK", peer)
