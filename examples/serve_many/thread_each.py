"""A thread for each client: nobody waits for another, and what fails with one
touches none of the others. Ten thousand silent clients are ten thousand
threads: bound it (the next example) where strangers connect."""

import socket
import sys
import threading


def serve(stream, peer):
    try:
        stream.settimeout(5)
        with stream, stream.makefile("rb") as reader:
            while line := reader.readline(1 << 20):
                stream.sendall(b"Echo: " + line)
    except OSError as error:
        print(f"{peer}: {error}", file=sys.stderr)


clients = int(sys.argv[1]) if len(sys.argv) > 1 else 8
with socket.create_server(("127.0.0.1", 0)) as listener:
    print("listening on %s:%d" % listener.getsockname(), flush=True)
    threads = []
    for _ in range(clients):
        threads.append(threading.Thread(target=serve, args=listener.accept()))
        threads[-1].start()
    for thread in threads:  # none is cut off at the end
        thread.join()
