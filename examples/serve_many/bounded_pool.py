"""A few threads take turns: the most that it will ever use is known before the
first client comes. The others wait, in a queue that is bounded too."""

import queue
import socket
import sys
import threading

WORKERS = 4
QUEUE = 8  # clients that are accepted and wait; the rest wait unaccepted


def serve(stream):
    # Without a time-out a handful of silent clients would hold all workers.
    stream.settimeout(5)
    with stream, stream.makefile("rb") as reader:
        while line := reader.readline(1 << 20):
            stream.sendall(b"Echo: " + line)


def work(waiting):
    while stream := waiting.get():
        try:
            serve(stream)
        except OSError as error:
            print(error, file=sys.stderr)


clients = int(sys.argv[1]) if len(sys.argv) > 1 else 8
waiting = queue.Queue(QUEUE)
workers = [threading.Thread(target=work, args=(waiting,)) for _ in range(WORKERS)]
for worker in workers:
    worker.start()
with socket.create_server(("127.0.0.1", 0)) as listener:
    print("listening on %s:%d" % listener.getsockname(), flush=True)
    for _ in range(clients):
        stream, _peer = listener.accept()
        waiting.put(stream)  # blocks while the queue is full
for worker in workers:
    waiting.put(None)  # it finishes what is queued before it, and ends
for worker in workers:
    worker.join()
