"""Echoes lines, but waits only so long, wants UTF-8, says why it closes, and
ends well on Ctrl-C."""

import asyncio
import signal
import sys

LINE_BYTES_MAX = 64 * 1024


async def serve(reader, writer, idle):
    async def say(text):
        writer.write(f"{text}\n".encode())
        await writer.drain()

    while True:
        try:
            line = await asyncio.wait_for(reader.readline(), idle)
        except asyncio.TimeoutError:
            print("Timeout: No data received from client", flush=True)
            return await say("Timeout: No data received from client")
        if not line:
            return None
        try:
            text = line.decode().rstrip()
        except UnicodeDecodeError:
            print("Received data is not UTF-8 encoded", flush=True)
            return await say("Received data is not UTF-8 encoded")
        await say(f"Echo: {text}")


async def main(clients=1, idle=5.0, address="127.0.0.1:0"):
    left = int(clients)
    done = asyncio.Event()

    async def client(reader, writer):
        nonlocal left
        try:
            await serve(reader, writer, float(idle))
        except (OSError, ValueError) as error:  # ValueError: a line is too long
            print(error, file=sys.stderr)
        finally:
            writer.close()
            left -= 1
            if left == 0:
                done.set()

    def interrupted():
        print("Server shutting down", flush=True)
        done.set()

    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, interrupted)
    host, port = address.rsplit(":", 1)
    try:
        server = await asyncio.start_server(client, host, int(port), limit=LINE_BYTES_MAX)
    except OSError as error:
        sys.exit(f"Socket error on start: {error}")
    print("listening on %s:%d" % server.sockets[0].getsockname(), flush=True)
    async with server:
        await done.wait()
    print("Server closed", flush=True)


asyncio.run(main(*sys.argv[1:]))
