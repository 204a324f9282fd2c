#!/usr/bin/env python3
"""What strangers and members make the edge hold: little each, not for long, and all together no
more than the budget."""

import struct
import time

from suite import (POLLING, TEXT, WEBSOCKET, Client, HostileTest, SocketClient, add_rows,
                   connect_packet, frame, main)

POLICY, TOO_BIG, TRY_LATER = 1008, 1009, 1013
CALM = {"PING_INTERVAL": "60000", "PING_TIMEOUT": "60000", "CONNECT_TIMEOUT": "60000"}


def head(length):
    """The header of a client's text of this length (126 and more), with a mask of zeros."""
    told = bytes([0x81, 0xfe]) + struct.pack(">H", length) if length < 65536 else \
        bytes([0x81, 0xff]) + struct.pack(">Q", length)
    return told + b"\0\0\0\0"


# What a client says before it is let in, and how that ends; None: it stays.
STRANGERS = [
    ("stranger: a message of 64 KB", frame(TEXT, b"40" + b" " * 65534), None),
    ("stranger: one byte more is said", head(65537) + b"40", TOO_BIG),
    ("stranger: one byte more in fragments",
     frame(TEXT, b"4" * 40000, final=False) + frame(0, b"4" * 25537, final=False), TOO_BIG),
    ("stranger: a megabyte is said", head(1000000), TOO_BIG),
    ("stranger: half a message, and no more", head(60000) + b"4" * 30000, None),
]


class Strangers(HostileTest):
    def says(self, data, code):
        with SocketClient(self.server, connect=False) as client:
            client.send(data)
            if code:
                self.assertEqual(client.ending(), code)

    def test_crowd_of_strangers_with_half_messages(self):
        before = self.server.memory_kb()
        crowd = [SocketClient(self.server, connect=False) for _ in range(200)]
        for client in crowd:
            client.send(head(60000) + b"4" * 59000)
        self.bystander.ask()
        self.assertLess(self.server.memory_kb() - before, 48 * 1024)
        for client in crowd:
            client.socket.close()


class StrangersOnPolling(HostileTest):
    def post(self, length, body="", connect=False):
        client = Client(self.server)
        target = f"{POLLING}&sid={self.handshake(client)}"
        if connect:
            client.ask("POST", target, connect_packet())
        client.send(f"POST {target} HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n{body}")
        return client

    def test_body_of_64_kb(self):
        with self.post(65536, "4" + " " * 65535) as client:
            self.assertEqual(client.reply().status, 200)

    def test_one_byte_more(self):
        with self.post(65537, "4" + " " * 65536) as client:
            self.assertEqual(client.reply().status, 413)

    def test_megabyte(self):
        """Read and forgotten, since proxies answer 502 when they cannot write all of it."""
        with self.post(1000000, "4" * 1000000) as client:
            self.assertEqual(client.reply().status, 413)
            self.assertEqual(client.ask("GET", "/health").status, 200)

    def test_more_than_is_read(self):
        with self.post(5000000) as client:
            self.assertEqual(client.reply().status, 413)

    def test_who_was_let_in_may_say_more(self):
        with self.post(200000, "6" + " " * 199999, connect=True) as client:
            self.assertNotEqual(client.reply().status, 413)

    def test_bodies_to_any_path(self):
        """None is kept."""
        before = self.server.memory_kb()
        crowd = [Client(self.server) for _ in range(60)]
        for i, client in enumerate(crowd):
            client.send(f"POST {('/health', '/x', POLLING, POLLING + '&sid=x')[i % 4]} HTTP/1.1\r\n"
                        "Host: h\r\nContent-Length: 900000\r\n\r\n")
            try:
                client.send("4" * 200000)
            except OSError:
                pass
        self.bystander.ask()
        self.assertLess(self.server.memory_kb() - before, 16 * 1024)
        self.assertEqual(self.server.metrics()['ws_edge_memory_bytes{use="http"}'], 0)
        for client in crowd:
            client.socket.close()


class Unended(HostileTest):
    settings = CALM

    def test_message_that_does_not_end(self):
        """A stranger gets 20 s; who was let in gets more as long as more comes."""
        stranger = SocketClient(self.server, connect=False)
        member = SocketClient(self.server)
        slow = SocketClient(self.server)
        stranger.send(head(60000) + b"4" * 50000)
        member.send(head(900000) + b"4" * 50000)
        slow.send(head(400000) + b"4")
        for _ in range(13):
            time.sleep(2)
            slow.send(b"x" * 30000)
        self.assertEqual(stranger.ending(), POLICY)
        self.assertEqual(member.ending(), POLICY)
        held = self.server.metrics()['ws_edge_memory_bytes{use="messages"}']
        self.assertGreater(held, 300000)
        slow.send(b"x" * (399999 - 13 * 30000))
        self.assertEqual(slow.ending(), 1002)  # "4x": no packet of Socket.IO
        self.bystander.ask()
        self.assertEqual(self.server.metrics()["ws_edge_websocket_messages_late_total"], 2)
        for client in (stranger, member, slow):
            client.socket.close()


GROWN = 1 << 20  # of a buffer that holds 800000 bytes


class Budget(HostileTest):
    settings = {**CALM, "MAX_MEMORY_BYTES": "8800000", "MAX_SOCKETS_PER_USER": "0"}

    def refused(self, use):
        return self.server.metrics()[f'ws_edge_memory_refused_total{{use="{use}"}}']

    def held(self):
        return self.server.metrics()['ws_edge_memory_bytes{use="messages"}']

    @staticmethod
    def ending(client):
        """None for one that is still being heard."""
        client.socket.settimeout(0.2)
        try:
            return client.ending()
        except TimeoutError:
            return None

    def test_many_begin_large_messages(self):
        crowd = [SocketClient(self.server) for _ in range(20)]
        for client in crowd:
            client.send(head(900000) + b"4" * 800000)
        deadline = time.monotonic() + 20
        # Of 20, eight fit; they may grow for a while when the last of the others is refused.
        while self.refused("messages") < 12 or self.held() < 8 * GROWN:
            self.assertLess(time.monotonic(), deadline, f"{self.refused('messages')} refused, {self.held()} held")
            self.bystander.ask()
        self.assertLessEqual(self.held(), 8800000)
        with Client(self.server) as client:
            reply = client.ask("GET", POLLING)
            self.assertEqual((reply.status, reply.body), (503, '{"message":"Too little memory"}'))
        with Client(self.server) as client:
            self.assertEqual(client.upgrade(WEBSOCKET).status, 503)
        self.assertGreater(self.refused("handshakes"), 1)
        self.assertEqual([self.ending(client) for client in crowd].count(TRY_LATER), 12)
        for client in crowd:
            client.socket.close()
        self.await_memory("messages")

    def half_message(self):
        client = SocketClient(self.server, connect=False)
        return client, head(65000) + b"4" * 64000, None

    def half_body(self):
        client = Client(self.server)
        target = f"{POLLING}&sid={self.handshake(client)}"
        return client, (f"POST {target} HTTP/1.1\r\nHost: h\r\nContent-Length: 65000\r\n\r\n"
                        + "4" * 64000), target

    def leave_memory_to_members(self, use, begin):
        """A sixteenth of the budget, in which a member's message has room."""
        member = SocketClient(self.server)
        crowd = [begin(self) for _ in range(160)]
        refused = self.refused(use)
        for client, data, _ in crowd:
            client.send(data)
        deadline = time.monotonic() + 20
        while self.refused(use) == refused:
            self.assertLess(time.monotonic(), deadline, "none was refused")
            self.bystander.ask()
        message = ('421["join_room",{"roomType":"conversation","roomId":"1","pad":"%s"}]'
                   % ("x" * 200000)).encode()
        member.send(head(len(message)) + message[:150000])
        self.bystander.ask()
        member.send(message[150000:])
        member.skip_to('431[{"success":true*')
        member.socket.close()
        for client, _, target in crowd:
            client.socket.close()
            if target:
                with Client(self.server) as closer:
                    closer.ask("POST", target, "1")
        self.await_memory(use)

    def await_memory(self, use):
        deadline = time.monotonic() + 20
        while self.server.metrics()[f'ws_edge_memory_bytes{{use="{use}"}}'] > 0:
            self.assertLess(time.monotonic(), deadline, "what was held is not given back")
            time.sleep(0.05)

    def test_many_begin_large_bodies(self):
        crowd = []
        for _ in range(12):
            client = Client(self.server)
            target = f"{POLLING}&sid={self.handshake(client)}"
            client.ask("POST", target, connect_packet())
            crowd.append((client, target))
        for client, target in crowd:
            client.send(f"POST {target} HTTP/1.1\r\nHost: h\r\nContent-Length: 900000\r\n\r\n")
            try:
                client.send("4" * 800000)
            except OSError:
                pass
        deadline = time.monotonic() + 10
        while self.refused("http") == 0:
            self.assertLess(time.monotonic(), deadline, "all bodies are taken")
            time.sleep(0.05)
        self.assertLessEqual(self.server.metrics()['ws_edge_memory_bytes{use="http"}'], 8800000)
        self.bystander.ask()
        for client, _ in crowd:
            client.socket.close()
        for _, target in crowd:
            with Client(self.server) as client:
                client.ask("POST", target, "1")
        self.await_memory("http")


CROWDS = [
    ("strangers leave memory to members: messages", "messages", Budget.half_message),
    ("strangers leave memory to members: bodies", "http", Budget.half_body),
]

add_rows(Strangers, STRANGERS, Strangers.says)
add_rows(Budget, CROWDS, Budget.leave_memory_to_members)

if __name__ == "__main__":
    main()
