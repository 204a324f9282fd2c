"""A client with python3-socketio: connects, joins a room, prints what it hears.

    client.py URL TRANSPORT TOKEN ROOM

One JSON line for each thing that happens. It ends when it receives the message "bye".
"""
import asyncio
import json
import sys

import engineio
import socketio

# The client refuses a poll with more packets than this, 16 if nothing is said. Servers send in one
# answer whatever waits, so its manual advises to raise it.
engineio.payload.Payload.max_decode_packets = 1000


def say(kind, value):
    print(json.dumps([kind, value]), flush=True)


async def main(url, transport, token, room):
    client = socketio.AsyncClient(reconnection=False)
    done = asyncio.Event()

    def on(event):
        @client.on(event)
        async def handler(body):
            say(event, body)
            if event == "new_message" and body.get("message") == "bye":
                done.set()

    for event in ("connected", "new_message", "booking_update", "user_joined", "user_typing",
                  "token_expiring_soon"):
        on(event)

    @client.event
    async def disconnect():
        say("disconnect", None)

    transports = None if transport == "both" else [transport]
    try:
        await client.connect(url, auth={"token": token}, transports=transports, wait_timeout=10)
    except socketio.exceptions.ConnectionError as error:
        say("refused", str(error))
        return
    say("transport", client.transport())
    request = {"roomType": "conversation", "roomId": room}
    say("join_room", await client.call("join_room", request))
    say("typing", await client.call("typing", request))
    say("bad", await client.call("join_room", {"roomType": "conversation"}))
    await asyncio.wait_for(done.wait(), 60)
    say("transport", client.transport())
    await client.disconnect()


asyncio.run(main(*sys.argv[1:]))
