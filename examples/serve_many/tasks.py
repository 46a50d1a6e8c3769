"""A task for each client: it reads like a thread and costs a small state."""

import asyncio
import sys

IDLE_S = 5


async def serve(reader, writer):
    while line := await asyncio.wait_for(reader.readline(), IDLE_S):
        writer.write(b"Echo: " + line)
        await writer.drain()  # waits while the client does not read


async def main(clients):
    left = clients
    done = asyncio.Event()

    async def client(reader, writer):
        nonlocal left
        try:
            await serve(reader, writer)
        except (OSError, ValueError, asyncio.TimeoutError) as error:
            print(repr(error), file=sys.stderr)
        finally:
            writer.close()
            left -= 1
            if left == 0:
                done.set()

    server = await asyncio.start_server(client, "127.0.0.1", 0, limit=1 << 20)
    print("listening on %s:%d" % server.sockets[0].getsockname(), flush=True)
    async with server:
        await done.wait()


asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 8))
