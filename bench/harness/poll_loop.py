"""The same loop by Tornado's AsyncHTTPClient: url, count, seconds from one poll to the next."""
import asyncio
import json
import sys

from tornado.httpclient import AsyncHTTPClient

url, count, every = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])


async def poll(client, phase):
    loop = asyncio.get_running_loop()
    due = loop.time() + phase
    while True:
        await asyncio.sleep(max(0, due - loop.time()))
        due += every
        json.loads((await client.fetch(url)).body)


async def main():
    client = AsyncHTTPClient(max_clients=count)
    await asyncio.gather(*(poll(client, i / count * every) for i in range(count)))


asyncio.run(main())
