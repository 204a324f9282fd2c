#!/usr/bin/env python3
"""Rooms of many, and what one makes the edge write to the others: who reads stays, who does not
costs little, and a bystander notices nothing."""

import os
import selectors
import signal
import socket
import threading
import time

from suite import (TEXT, WEBSOCKET_3, HostileTest, SocketClient, frame, join_packet, main,
                   once_of_three, token)

BUS = b"ws:bus:{0}"
MEGABYTE = 1000000


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def envelope(room, event, args):
    """An event as another edge would publish it: without a place in the log."""
    fields = {4: b"another edge", 5: room.encode(), 7: event.encode(), 8: args}
    return b"".join(bytes([number << 3 | 2]) + varint(len(value)) + value
                    for number, value in fields.items())


class Reading:
    """Reads all that many clients are sent, on a thread of its own, and counts it."""

    def __init__(self, clients):
        self.selector = selectors.DefaultSelector()
        self.bytes = {client: 0 for client in clients}
        self.ended = []
        self.goes_on = True
        for client in clients:
            client.socket.setblocking(False)
            self.selector.register(client.socket, selectors.EVENT_READ, client)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        while self.goes_on:
            for key, _ in self.selector.select(0.1):
                try:
                    piece = key.fileobj.recv(1 << 20)
                except BlockingIOError:
                    continue
                except OSError:
                    piece = b""
                self.bytes[key.data] += len(piece)
                if not piece:
                    self.ended.append(key.data)
                    self.selector.unregister(key.fileobj)

    def stop(self):
        self.goes_on = False
        self.thread.join()
        self.selector.close()


def close_all(clients):
    for client in clients:
        client.socket.close()


class Crowd(HostileTest):
    # The limits of what one may send are other tests' matter.
    settings = {"MAX_EVENTS_PER_SECOND": "0", "MAX_EVENTS_PER_SECOND_PER_USER": "0",
                "MAX_BYTES_PER_SECOND": "0", "MAX_SOCKETS_PER_USER": "0", "PING_INTERVAL": "30000", "PING_TIMEOUT": "30000"}

    def members(self, count, room):
        clients = [SocketClient(self.server) for _ in range(count)]
        for client in clients:
            client.say(join_packet(1, room))
            client.skip_to('431[{"success":true,*')
        return clients

    @once_of_three
    def test_large_event_to_many_who_do_not_read(self):
        """Nobody gets a copy of his own, nor does the loop stand still for it."""
        clients = self.members(200, "large")
        before = self.server.memory_kb()
        event = envelope("conversation:large", "new_message", b'"%s"' % (b"x" * MEGABYTE))
        self.redis.command(b"PUBLISH", BUS, event)
        waited = max(self.bystander.ask() for _ in range(20))
        self.assertLess(self.server.memory_kb() - before, 40 * 1024)
        self.assertInTime(waited, 1)
        reading = Reading(clients)
        deadline = time.monotonic() + 30
        while min(reading.bytes.values()) < MEGABYTE and time.monotonic() < deadline:
            time.sleep(0.05)
        reading.stop()
        self.assertEqual(reading.ended, [])
        self.assertGreaterEqual(min(reading.bytes.values()), MEGABYTE)
        close_all(clients)

    @once_of_three
    def test_large_event_to_a_thousand_of_whom_some_read_slowly(self):
        """A gigabyte goes out in turns, from the one copy of the event. Those for whom more and more
        waits are closed and counted, and nobody else."""
        slow = self.members(80, "slow")
        for client in slow:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
        readers = [SocketClient(self.server) for _ in range(920)]
        closed = 'ws_edge_sessions_closed_total{reason="slow consumer"}'
        closed_before, before = self.server.metrics()[closed], self.server.memory_kb()
        reading, waited, most = Reading(readers), 0, 0

        def tell(room, size):
            event = envelope(room, "new_message", b'"%s"' % (b"x" * size))
            self.redis.command(b"PUBLISH", BUS, event)

        def await_readers(size):
            nonlocal waited, most
            deadline = time.monotonic() + 60
            while min(reading.bytes.values()) < size and time.monotonic() < deadline:
                waited = max(waited, self.bystander.ask())
                most = max(most, self.server.memory_kb() - before)
                time.sleep(0.01)
            self.assertGreaterEqual(min(reading.bytes.values()), size)

        tell("*", MEGABYTE)
        await_readers(MEGABYTE)
        for client in slow:
            for _ in range(20):
                client.socket.recv(8192)
        tell("conversation:slow", MEGABYTE)
        self.assertEqual(self.server.metrics()[closed], closed_before)
        tell("*", 60000)
        await_readers(MEGABYTE + 60000)
        reading.stop()
        self.assertEqual(self.server.metrics()[closed] - closed_before, 80)
        self.assertEqual(reading.ended, [])
        self.assertLess(most, 30 * 1024)
        self.assertInTime(waited, 1)
        close_all(readers + slow)

    def test_pings_of_one_who_does_not_read(self):
        """An answer of a few bytes holds many times as much, and counts with all of it."""
        with SocketClient(self.server, f"{WEBSOCKET_3}&token={token()}", connect=False) as client:
            client.skip_to('42["connected"*')
            before = self.server.memory_kb()
            client.socket.settimeout(2)
            try:
                for _ in range(200):
                    client.send_all(["2"] * 5000)
            except OSError:
                pass
            self.assertLess(self.server.memory_kb() - before, 8 * 1024)


class Typists(HostileTest):
    """With the limits that an edge has by itself."""

    settings = {"PING_INTERVAL": "30000", "PING_TIMEOUT": "30000", "MAX_SOCKETS_PER_USER": "0"}
    typing = '42["typing",{"roomType":"conversation","roomId":"%s"}]'

    def members(self, users, room):
        clients = [SocketClient(self.server, auth=token({"id": user})) for user in users]
        for client in clients:
            client.say(join_packet(1, room))
        for client in clients:
            client.skip_to('431[{"success":true,*')
        return clients

    def counted(self, name):
        return self.server.metrics()[name]

    def test_rush_of_one_user_to_members_who_read(self):
        """Each of his sockets keeps to its limit, and all together to theirs."""
        members = self.members([f"reader {i}" for i in range(5)], "rush")
        typists = self.members(["typist"] * 20, "rush")
        typed = self.counted('ws_edge_events_total{event="typing"}')
        reading = Reading(members + typists)
        for typist in typists:
            typist.socket.setblocking(True)
            typist.send_all([self.typing % "rush"] * 980)
            typist.socket.setblocking(False)
        for _ in range(10):
            self.bystander.ask()
            time.sleep(0.1)
        reading.stop()
        self.assertEqual([client in reading.ended for client in members], [False] * 5)
        self.assertGreater(min(reading.bytes[client] for client in members), 100 * 1000)
        self.assertLess(self.counted('ws_edge_events_total{event="typing"}') - typed, 3500)
        self.assertGreater(self.counted("ws_edge_rate_refused_total"), 1000)
        close_all(members + typists)

    def test_rush_of_one_user_who_comes_back_again_and_again(self):
        """He finds what he may send as he left it."""
        typed = self.counted('ws_edge_events_total{event="typing"}')
        for _ in range(8):
            typist = SocketClient(self.server, auth=token({"id": "comes back"}))
            typist.send_all([self.typing % "return"] * 980 + ["1"])
            typist.ending()
            typist.socket.close()
        typed = self.counted('ws_edge_events_total{event="typing"}') - typed
        self.assertGreater(typed, 1900)
        self.assertLess(typed, 3500)

    @once_of_three
    def test_rush_of_many_at_once(self):
        """Each gets its turn with a part of what it says; nobody waits for all of the others."""
        rush = self.members([f"hasty {i}" for i in range(150)], "hasty")
        said = b"".join(frame(TEXT, join_packet(i).encode()) for i in range(2, 850))
        os.kill(self.server.process.pid, signal.SIGSTOP)
        for client in rush:
            client.send(said)
        os.kill(self.server.process.pid, signal.SIGCONT)
        waited = self.bystander.ask()
        began = time.monotonic()
        reading = Reading(rush)
        while min(reading.bytes.values()) < 40000 and time.monotonic() < began + 30:
            time.sleep(0.01)
        took = time.monotonic() - began
        reading.stop()
        self.assertEqual(reading.ended, [])
        self.assertInTime(waited, max(0.2, took / 3), f"all took {took} s")
        close_all(rush)

    @once_of_three
    def test_many_typists_in_a_large_room(self):
        """Of what can be left out a room is told so much that others do not wait for it."""
        typists = self.members([f"typist {i}" for i in range(100)], "large")
        readers = self.members([f"reader {i}" for i in range(150)], "large")
        reading = Reading(typists + readers)
        burst = b"".join(frame(TEXT, (self.typing % "large").encode()) for _ in range(10))
        waited = []
        for _ in range(20):
            for typist in typists:
                typist.socket.send(burst)
            waited.append(self.bystander.ask())
        reading.stop()
        self.assertEqual(reading.ended, [])
        self.assertGreater(min(reading.bytes[client] for client in readers), 10 * 1000)
        self.assertGreater(self.counted("ws_edge_typing_left_out_total"), 1000)
        self.assertInTime(sorted(waited)[len(waited) * 9 // 10], 0.5)
        close_all(typists + readers)


if __name__ == "__main__":
    main()
