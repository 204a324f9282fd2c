"""python3-socketio, with and without asyncio: prints what its handlers are called with.

    arguments.py sync|async URL TRANSPORT TOKEN USER

One JSON line for the arguments of each event. It ends when it has heard booking_update.
"""
import asyncio
import json
import sys
import threading

import socketio


def say(event, args):
    print(json.dumps([event, args]), flush=True)


def run_sync(url, transport, token):
    client, done = socketio.Client(reconnection=False), threading.Event()

    def on_booking(*args):
        say("booking_update", args)
        done.set()

    client.on("connected", lambda *args: say("connected", args))
    client.on("booking_update", on_booking)
    client.connect(url, auth={"token": token}, transports=[transport], wait_timeout=10)
    done.wait(60)
    client.disconnect()


async def run_async(url, transport, token):
    client, done = socketio.AsyncClient(reconnection=False), asyncio.Event()

    async def on_booking(*args):
        say("booking_update", args)
        done.set()

    client.on("connected", lambda *args: say("connected", args))
    client.on("booking_update", on_booking)
    await client.connect(url, auth={"token": token}, transports=[transport], wait_timeout=10)
    await asyncio.wait_for(done.wait(), 60)
    await client.disconnect()


kind, *rest = sys.argv[1:]
if kind == "sync":
    run_sync(*rest)
else:
    asyncio.run(run_async(*rest))
