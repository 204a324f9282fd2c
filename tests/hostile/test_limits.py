#!/usr/bin/env python3
"""Clients that come too often, send too much or take too little: each limit at work."""

import time
import zlib

from suite import (GONE, OPEN, PATIENCE, POLLING, TEXT, WEBSOCKET, WEBSOCKET_3, Client, HostileTest,
                   SocketClient, add_rows, connect_packet, fits, frame, join_packet, main,
                   once_of_three, request, token, upgrade_head)

OVER = '[{"error":"Rate limit exceeded"}]'


def counted(server, name):
    return server.metrics()[name]


class Rates(HostileTest):
    settings = {"MAX_EVENTS_PER_SECOND": "20", "MAX_BYTES_PER_SECOND": "50000",
                "MAX_PAYLOAD": "100000"}

    def test_flood_of_events(self):
        refused = counted(self.server, "ws_edge_rate_refused_total")
        with SocketClient(self.server) as client:
            client.send_all(['42["x"]'] * 5000)
            self.assertEqual(client.ending(), 1008)
        self.assertGreater(counted(self.server, "ws_edge_rate_refused_total"), refused + 100)
        self.assertGreater(
            counted(self.server, 'ws_edge_sessions_closed_total{reason="rate limit"}'), 0)

    def test_flood_of_broken_events(self):
        """Over the limit their JSON is not even looked at."""
        with SocketClient(self.server) as client:
            # More than the 199, since a slow machine is granted some meanwhile.
            client.send_all(['42["x"]'] * 270 + ['421["x'] * 3)
            self.assertEqual(client.hear(), "431" + OVER)

    def test_flood_with_acks(self):
        began = time.monotonic()
        with SocketClient(self.server) as client:
            client.send_all([f'42{i}["join_room",{{}}]' for i in range(250)])
            heard = [client.hear() for _ in range(250)]
            granted = [text for text in heard if not text.endswith(OVER)]
            self.assertEqual(granted[:199], heard[:199])
            self.assertLessEqual(len(granted), 200 + 20 * (time.monotonic() - began))
            self.assertTrue(all(fits('43*[{"error":"Missing*', text) for text in granted))

    def test_flood_of_connects(self):
        with SocketClient(self.server, connect=False) as client:
            client.send_all(["40/x,"] * 270 + ["40/y,"])
            heard = [client.hear() for _ in range(271)]
            self.assertEqual(heard[-1], '44/y,{"message":"Rate limit exceeded"}')
            self.assertEqual(heard[0], '44/x,{"message":"Invalid namespace"}')

    def test_flood_of_bytes(self):
        with SocketClient(self.server) as client:
            client.send_all(['421["x","' + "x" * 90000 + '"]'] * 4)
            self.assertEqual([client.hear() for _ in range(2)], ["431" + OVER] * 2)
            self.assertEnds(client, OPEN)

    def test_flood_of_attachments(self):
        with SocketClient(self.server) as client:
            client.send_all(['453-["x"]', b"x" * 30000, b"x" * 30000, b"x" * 30000] * 2 +
                            ['453-7["x"]', b"x" * 30000, b"x" * 30000, b"x" * 30000])
            self.assertEqual(client.hear(), "437" + OVER)
            self.assertEnds(client, OPEN)

    def test_flood_in_payloads(self):
        with Client(self.server) as client:
            sid = self.handshake(client)
            target = f"{POLLING}&sid={sid}"
            client.ask("POST", target, "\x1e".join([connect_packet()] + ['42["x"]'] * 1500))
            self.assertState(sid, GONE)

    def test_a_moment_later_all_is_well(self):
        with SocketClient(self.server) as client:
            client.send_all(['42["x"]'] * 220)
            client.say(join_packet(1))
            client.skip_to("431" + OVER.replace("[", "*", 1))
            time.sleep(0.5)
            client.say(join_packet(2))
            client.skip_to('432[{"success":true,*')


class Numbers(HostileTest):
    """The bystander of these tests and each healthy client count too."""

    settings = {"MAX_CONNECTIONS_PER_ADDRESS": "10", "MAX_SOCKETS_PER_USER": "4",
                "TRUSTED_PROXIES": "127.0.0.1"}

    def from_address(self, address):
        """A WebSocket that a trusted proxy opens for this address; the status."""
        client = Client(self.server)
        reply = client.upgrade(WEBSOCKET, headers=(
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            f"X-Forwarded-For: 203.0.113.9, {address}\r\n"))
        return client, reply

    def test_sessions_of_one_address(self):
        clients = [self.from_address("192.0.2.1") for _ in range(11)]
        self.assertEqual([reply.status for _, reply in clients], [101] * 10 + [429])
        self.assertEqual(clients[10][1].body,
                         '{"message":"Too many connections from this address"}')
        other, reply = self.from_address("192.0.2.2")
        self.assertEqual(reply.status, 101)
        with Client(self.server) as client:
            forwarded = "X-Forwarded-For: 192.0.2.1\r\n"
            self.assertEqual(client.ask("GET", POLLING, headers=forwarded).status, 429)
            clients[0][0].socket.close()
            deadline = time.monotonic() + 5
            while client.ask("GET", POLLING, headers=forwarded).status != 200:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.05)
        for client, _ in clients + [(other, None)]:
            client.socket.close()
        self.assertEqual(
            counted(self.server, 'ws_edge_handshakes_refused_total{code="address"}') >= 2, True)

    def test_sessions_of_one_network(self):
        clients = [self.from_address(f"2001:db8::{i:x}") for i in range(11)]
        self.assertEqual([reply.status for _, reply in clients], [101] * 10 + [429])
        for client, _ in clients:
            client.socket.close()

    def test_made_up_addresses(self):
        """What stands before the proxy's own word does not count, nor what is no address."""
        clients = [self.from_address(f"{i}.{i}.{i}.{i}, 192.0.2.7") for i in range(1, 12)]
        self.assertEqual([reply.status for _, reply in clients], [101] * 10 + [429])
        for client, _ in clients:
            client.socket.close()

    def test_sockets_of_one_user(self):
        auth = token({"id": "busy"})
        clients = [SocketClient(self.server, auth=auth) for _ in range(4)]
        with SocketClient(self.server, connect=False) as client:
            client.say(connect_packet(auth))
            self.assertEqual(client.hear(), '44{"message":"Too many connections"}')
            client.say(connect_packet(token({"id": "other"})))
            client.skip_to('42["connected"*')
        clients[0].socket.close()
        with SocketClient(self.server, connect=False) as client:
            deadline = time.monotonic() + 5
            while True:
                client.say(connect_packet(auth))
                if client.hear().startswith("40"):
                    break
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.05)
        for client in clients:
            client.socket.close()


def deflated(text):
    """A frame that the edge expands: long texts of one letter become a thousand times as long."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    payload = deflate.compress(text) + deflate.flush(zlib.Z_SYNC_FLUSH)
    return frame(TEXT, payload[:-4], reserved=4)


DEFLATE = upgrade_head("").split("\r\n", 2)[2].strip() + \
    "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"
LARGE = '40{"token":"%s"}' % ("x" * 65000)

# What is sent over and over, up to so many bytes: where, whether by one who was let in, and with
# which code that ends.
FLOODS = [
    ("compressed noops of a megabyte", WEBSOCKET, True, deflated(b"6" + b"a" * 999999), 1002),
    ("compressed noops of a stranger", WEBSOCKET, False, deflated(b"6" + b"a" * 65000), 1002),
    ("compressed messages of a megabyte", WEBSOCKET, True,
     deflated(b'42["x","' + b"a" * 999900 + b'"]'), 1008),
    ("compressed CONNECTs of a stranger", WEBSOCKET, False, deflated(LARGE.encode()), 1008),
    ("CONNECTs with large auth", WEBSOCKET, False, frame(TEXT, LARGE.encode()), 1008),
    ("noops", WEBSOCKET, True, frame(TEXT, b"6"), 1008),
    ("noops of a stranger", WEBSOCKET, False, frame(TEXT, b"6"), 1008),
    ("pongs", WEBSOCKET, True, frame(TEXT, b"3"), 1008),
    ("pings of revision 3", f"{WEBSOCKET_3}&token={token()}", False, frame(TEXT, b"2"), 1008),
    ("events without a meaning", WEBSOCKET, True, frame(TEXT, b'42["x"]'), 1008),
]
FLOOD_BYTES, FLOOD_CPU = 4000000, 0.5  # seconds, with sanitizers


class Floods(HostileTest):
    """With the limits that an edge has by itself: whoever sends much is closed before it costs
    much, whatever the packets are and however small they were on the wire."""

    settings = {"WS_COMPRESSION": "true"}

    @once_of_three
    def flood(self, target, connect, data, code):
        with SocketClient(self.server, target, connect, DEFLATE) as client:
            before = self.server.cpu_seconds()
            self.send_until_closed(client, data * (FLOOD_BYTES // len(data)))
            self.assertEqual(client.ending(), code)
            self.assertInTime(self.bystander.ask(), 1)
            self.assertLess(self.server.cpu_seconds() - before, FLOOD_CPU)

    @staticmethod
    def send_until_closed(client, data):
        """As far as the edge reads: who does not read itself would wait for ever."""
        client.socket.settimeout(1)
        try:
            client.socket.sendall(data)
        except OSError:
            pass
        client.socket.settimeout(10)

    def test_probes(self):
        """An upgrade that asks over and over is given up; the session stays."""
        with Client(self.server) as client, Client(self.server) as probe:
            sid = self.handshake(client)
            probe.upgrade(f"{WEBSOCKET}&sid={sid}")
            before = self.server.cpu_seconds()
            self.send_until_closed(probe, frame(TEXT, b"2probe") * 300000)
            self.assertLess(self.server.cpu_seconds() - before, FLOOD_CPU)
            self.assertState(sid, OPEN)


add_rows(Floods, FLOODS, Floods.flood)


class Idlers(HostileTest):
    """Connections that do nothing go for those that come."""

    settings = {"MAX_CONNECTIONS": "60", "HEAD_TIMEOUT": "60000"}

    def crowd(self, text, count=80):
        clients = [Client(self.server) for _ in range(count)]
        for client in clients:
            client.send(text)
        return clients

    def assertNewOnesGetIn(self):
        for _ in range(5):
            began = time.monotonic()
            with SocketClient(self.server), Client(self.server) as client:
                client.ask("GET", "/health")
            self.assertInTime(time.monotonic() - began, 2)
        self.bystander.ask()

    @once_of_three
    def test_kept_alive(self):
        crowd = self.crowd("GET /health HTTP/1.1\r\nHost: h\r\n\r\n")
        self.assertNewOnesGetIn()
        self.assertGreater(counted(self.server, "ws_edge_connections_evicted_total"), 10)
        for client in crowd:
            client.socket.close()

    @once_of_three
    def test_half_heads(self):
        crowd = self.crowd("GET /health HTTP/1.1\r\nHo")
        self.assertNewOnesGetIn()
        for client in crowd:
            client.socket.close()

    def test_the_oldest_goes(self):
        crowd = self.crowd("", 50)
        for client in crowd:
            client.ask("GET", "/health")
        crowd[0].ask("GET", "/health")
        for _ in range(12):
            crowd.append(Client(self.server))
            crowd[-1].ask("GET", "/health")
        self.assertEqual(crowd[1].until_closed(), b"")
        self.assertEqual(crowd[0].ask("GET", "/health").status, 200)
        for client in crowd:
            client.socket.close()


class Addresses(HostileTest):
    """Connections count, not sessions alone. The bystander has one of the address's."""

    settings = {"MAX_CONNECTIONS_PER_ADDRESS": "12"}

    def held(self):
        return counted(self.server, "ws_edge_connections")

    def test_kept_alive(self):
        """The newest stay."""
        crowd = [Client(self.server) for _ in range(40)]
        for client in crowd:
            self.assertEqual(client.ask("GET", "/health").status, 200)
        self.assertLessEqual(self.held(), 13)
        self.assertEqual(crowd[-1].ask("GET", "/health").status, 200)
        with SocketClient(self.server):
            pass
        for client in crowd:
            client.socket.close()

    def test_websockets_and_polls(self):
        crowd = [SocketClient(self.server) for _ in range(6)]
        for _ in range(5):
            client = Client(self.server)
            client.send(request("GET", f"{POLLING}&sid={self.handshake(client)}"))
            crowd.append(client)
        time.sleep(0.2)
        with Client(self.server) as client:
            reply = client.ask("GET", "/health")
            self.assertEqual(reply.status, 429)
            self.assertEqual(reply.body, '{"message":"Too many connections from this address"}')
        self.assertGreater(counted(self.server, "ws_edge_connections_refused_total"), 0)
        crowd[0].socket.close()
        deadline = time.monotonic() + PATIENCE
        while self.held() > 11:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        with Client(self.server) as client:
            self.assertEqual(client.ask("GET", "/health").status, 200)
        for client in crowd:
            client.socket.close()

    def test_upgrades_of_kept_alive_connections(self):
        """Each is one connection all the time, and is given back once."""
        for _ in range(30):
            with Client(self.server) as client:
                client.ask("GET", "/health")
                self.assertEqual(client.upgrade(WEBSOCKET).status, 101)
                client.hear()

    def test_half_heads(self):
        crowd = [Client(self.server) for _ in range(30)]
        for client in crowd:
            client.send("GET / HT")
        time.sleep(0.3)
        self.assertLessEqual(self.held(), 13)
        for client in crowd:
            client.socket.close()


class SlowReaders(HostileTest):
    settings = {"MAX_EVENTS_PER_SECOND": "0", "MAX_EVENTS_PER_SECOND_PER_USER": "0",
                "MAX_BYTES_PER_SECOND": "0", "MAX_OUTBOX_BYTES": "65536",
                "PING_TIMEOUT": "30000"}

    def test_who_takes_nothing_is_closed(self):
        with SocketClient(self.server) as client:
            client.socket.settimeout(5)
            try:
                for i in range(400):
                    client.send_all([join_packet(i)] * 500)
            except OSError:
                pass
            deadline = time.monotonic() + PATIENCE
            slow = 'ws_edge_sessions_closed_total{reason="slow consumer"}'
            while counted(self.server, slow) < 1:
                self.assertLess(time.monotonic(), deadline)
                self.bystander.ask()
                time.sleep(0.1)

    def test_who_takes_a_little_is_served(self):
        with SocketClient(self.server) as client:
            client.send_all([join_packet(i) for i in range(100)])
            time.sleep(1)
            for i in range(100):
                self.assertTrue(client.hear().startswith(f"43{i}["))


class Descriptors(HostileTest):
    """The edge may have few, and a crowd wants more than there are."""

    files = 300

    @once_of_three
    def test_used_up(self):
        crowd = [Client(self.server) for _ in range(500)]
        for client in crowd:
            client.send("GET /health HTTP/1.1\r\nHost: h\r\n\r\n")
        for _ in range(5):
            self.assertInTime(self.bystander.ask(), 1)
            time.sleep(0.1)
        self.assertLessEqual(self.server.descriptors(), self.files)
        for client in crowd:
            client.socket.close()


if __name__ == "__main__":
    main()
