"""Takes one whole message, answers, closes. The message ends where the client
says that it will send no more: a recv is not a message."""

import socket
import sys

MESSAGE_BYTES_MAX = 1 << 20  # a client must not fill the memory

reply = sys.argv[1] if len(sys.argv) > 1 else "World!"
with socket.create_server(("127.0.0.1", 0)) as listener:
    print("listening on %s:%d" % listener.getsockname(), flush=True)
    stream, _peer = listener.accept()
    with stream, stream.makefile("rb") as reader:
        stream.settimeout(5)
        message = reader.read(MESSAGE_BYTES_MAX)
        print("received:", message.decode(errors="replace"), flush=True)
        stream.sendall(reply.encode())
