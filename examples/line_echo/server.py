"""Echoes line by line: one answer per message, however TCP cut it."""

import socket
import sys

LINE_BYTES_MAX = 64 * 1024  # a longer line could have no end at all


def serve(stream):
    stream.settimeout(5)
    with stream, stream.makefile("rb") as reader:
        while line := reader.readline(LINE_BYTES_MAX):
            if not line.endswith(b"\n"):
                if len(line) == LINE_BYTES_MAX:
                    raise OSError("a line is too long")
                line += b"\n"  # the last line came without its end
            stream.sendall(b"Echo: " + line)


clients = int(sys.argv[1]) if len(sys.argv) > 1 else 1
with socket.create_server(("127.0.0.1", 0)) as listener:
    print("listening on %s:%d" % listener.getsockname(), flush=True)
    for _ in range(clients):
        stream, peer = listener.accept()
        try:
            serve(stream)
        except OSError as error:
            print(f"{peer}: {error}", file=sys.stderr)
