#!/usr/bin/env python3
"""Engine.IO: payloads of long-polling, packets on WebSockets, upgrades, frames."""

import struct
import time

from suite import (CLOSE, GONE, OPEN, PATH, PING, POLLING, POLLING_3, PONG, TEXT, WEBSOCKET,
                   WEBSOCKET_3, Client, HostileTest, SocketClient, add_rows, connect_packet, frame,
                   main, once_of_three, request, token)

BAD, TOO_BIG = 1002, 1009
BINARY_TYPE = "Content-Type: application/octet-stream\r\n"

# A body that is posted to a session, the answer's status, and what becomes of the session.
PAYLOADS_4 = [
    ("empty body", "", "", 400, GONE),
    ("separator alone", "\x1e", "", 400, GONE),
    ("separator behind a packet", "6\x1e", "", 400, GONE),
    ("two separators", "6\x1e\x1e6", "", 400, GONE),
    ("type 9", "9", "", 400, GONE),
    ("type of a letter", "x", "", 400, GONE),
    ("type 7", "7", "", 400, GONE),
    ("bad base64", "b!!!", "", 400, GONE),
    ("half base64", "bYQ", "", 200, GONE),  # binary for nothing, in any spelling
    ("goodbye", "1", "", 200, GONE),
    ("ping", "2", "", 200, GONE),
    ("ping of a probe", "2probe", "", 200, GONE),
    ("pong", "3", "", 200, OPEN),
    ("open", "0", "", 200, OPEN),
    ("upgrade", "5", "", 200, OPEN),
    ("noop", "6", "", 200, OPEN),
    ("octet-stream", "6", BINARY_TYPE, 400, GONE),
    ("bad UTF-8", "4\xff\xfe", "", 400, GONE),
    ("said to be gzip", "\x1f\x8b\x08\x00", "Content-Encoding: gzip\r\n", 400, GONE),
    ("over the limit", "4" + "x" * 1000001, "", 413, OPEN),
    ("payload of revision 3", "2:6x", "", 200, GONE),
]

PAYLOADS_3 = [
    ("revision 3: no length", "abc", "", 400, GONE),
    ("revision 3: negative length", "-1:4", "", 400, GONE),
    ("revision 3: far too long", "99999999999:4x", "", 400, GONE),
    ("revision 3: exponent", "1e1:4", "", 400, GONE),
    ("revision 3: blank", " 1:6", "", 400, GONE),
    ("revision 3: hexadecimal", "0x1:6", "", 400, GONE),
    ("revision 3: plus", "+1:6", "", 400, GONE),
    ("revision 3: 400 digits", "1" * 400 + ":6", "", 400, GONE),
    ("revision 3: 400 zeros", "0" * 400 + "1:6", "", 400, GONE),
    ("revision 3: longer than there is", "5:6", "", 400, GONE),
    ("revision 3: text behind", "1:6x", "", 400, GONE),
    ("revision 3: no colon", "16", "", 400, GONE),
    ("revision 3: empty packet", "0:", "", 200, OPEN),
    ("revision 3: two packets", "1:61:6", "", 200, OPEN),
    ("revision 3: 2001 packets", "1:6" * 2001, "", 400, GONE),
    ("revision 3: empty body", "", "", 200, OPEN),
    ("revision 3: length in bytes", "3:6\xc3\xa9", "", 400, GONE),
    ("revision 3: length in units", "2:6\xc3\xa9", "", 200, OPEN),
    ("revision 3: half a pair", "2:6\xf0\x9f\x98\x80", "", 400, GONE),
    ("revision 3: a whole pair", "3:6\xf0\x9f\x98\x80", "", 200, OPEN),
    ("revision 3: bad UTF-8", "2:6\xff", "", 400, GONE),
    ("revision 3: half a character", "2:6\xc3", "", 400, GONE),
    ("revision 3: binary in base64 for nothing", "10:b4AQIDBA==", "", 200, GONE),
    ("revision 3: base64 of no type", "1:b", "", 400, GONE),
    ("revision 3: pong", "1:3", "", 200, GONE),
    ("revision 3: payload of revision 4", "6\x1e6", "", 400, GONE),
    ("revision 3, binary: a noop", "\x00\x01\xff6", BINARY_TYPE, 200, OPEN),
    ("revision 3, binary: no end of the length", "\x00\x01", BINARY_TYPE, 400, GONE),
    ("revision 3, binary: digit of 10", "\x00\x0a\xff6", BINARY_TYPE, 400, GONE),
    ("revision 3, binary: unknown kind", "\x02\x01\xff6", BINARY_TYPE, 400, GONE),
    ("revision 3, binary: no length", "\x00\xff6", BINARY_TYPE, 400, GONE),
    ("revision 3, binary: longer than there is", "\x00\x09\x09\xff6", BINARY_TYPE, 400, GONE),
    ("revision 3, binary: 400 digits", "\x00" + "\x09" * 400 + "\xff6", BINARY_TYPE, 400, GONE),
    ("revision 3, binary: text without a type", "\x00\x00\xff", BINARY_TYPE, 200, OPEN),
    ("revision 3, binary: bad UTF-8", "\x00\x02\xff6\xff", BINARY_TYPE, 400, GONE),
    ("revision 3, binary: message for nothing", "\x01\x02\xff\x04x", BINARY_TYPE, 200, GONE),
]

JSONP = [
    ("JSONP: no field", "x=1", 400, GONE),
    ("JSONP: empty field", "d=", 200, OPEN),
    ("JSONP: a noop", "d=1%3A6", 200, OPEN),
    ("JSONP: two fields", "d=1%3A6&d=garbage", 200, OPEN),
    ("JSONP: broken escape", "d=1%3", 400, GONE),
    ("JSONP: garbage", "d=garbage", 400, GONE),
    ("JSONP: newline", "d=2%3A6%5Cn", 200, OPEN),
    ("JSONP: backslash and n", "d=3%3A6%5C%5Cn", 200, OPEN),
]

# What a client says on a WebSocket that no namespace knows yet, and how it ends.
WEBSOCKET_4 = [
    ("WebSocket: ping of the client", ["2"], BAD),
    ("WebSocket: pong unasked for", ["3"], OPEN),
    ("WebSocket: open", ["0"], OPEN),
    ("WebSocket: upgrade", ["5"], OPEN),
    ("WebSocket: noop", ["6"], OPEN),
    ("WebSocket: goodbye", ["1"], 1000),
    ("WebSocket: empty text", [""], BAD),
    ("WebSocket: unknown type", ["9"], BAD),
    ("WebSocket: letter", ["x"], BAD),
    ("WebSocket: NUL", ["\x00"], BAD),
    ("WebSocket: probe of one that needs none", ["2probe"], BAD),
    ("WebSocket: base64", ["bYQ=="], BAD),
    ("WebSocket: empty binary", [b""], BAD),
]

WEBSOCKET_3_ROWS = [
    ("WebSocket of revision 3: pong of the client", ["3"], BAD),
    ("WebSocket of revision 3: ping", ["2"], OPEN),
    ("WebSocket of revision 3: empty text", [""], BAD),
    ("WebSocket of revision 3: empty binary", [b""], BAD),
    ("WebSocket of revision 3: binary of an unknown type", [b"\x09x"], BAD),
    ("WebSocket of revision 3: binary for nothing", [b"\x04x"], BAD),
]

LENGTH_64 = bytes([0x81, 0xff])

# Bytes after the handshake, and the close code; None: cut off without one.
FRAMES = [
    ("frame: length with the highest bit", LENGTH_64 + struct.pack(">Q", 1 << 63) + b"mask", 1002),
    ("frame: length of all bits", LENGTH_64 + b"\xff" * 8 + b"mask", 1002),
    ("frame: 5 written in 16 bits", bytes([0x81, 0xfe, 0, 5]) + b"mask", 1002),
    ("frame: 5 written in 64 bits", LENGTH_64 + struct.pack(">Q", 5) + b"mask", 1002),
    ("frame: not masked", b"\x81\x016", 1002),
    ("frame: ping that is not masked", b"\x89\x00", 1002),
    ("frame: mask of zeros", frame(TEXT, b"9", mask=b"\0\0\0\0"), 1002),
    ("frame: ping in fragments", frame(PING, b"x", final=False), 1002),
    ("frame: ping of 126 bytes", frame(PING, b"x" * 126), 1002),
    ("frame: continuation of nothing", frame(0, b"6"), 1002),
    ("frame: text within a text", frame(TEXT, b"6", final=False) + frame(TEXT, b"6"), 1002),
    ("frame: 10 million bytes of empty fragments",
     frame(TEXT, b"6", final=False) + frame(0, b"", final=False) * 1700000, 1009),
    ("frame: fragments over the limit together",
     frame(TEXT, b"6" * 600000, final=False) + frame(0, b"6" * 600000), 1009),
    ("frame: no UTF-8", frame(TEXT, b"4\xff\xfe"), 1007),
    ("frame: half a character, the rest is an error",
     frame(TEXT, b"4\xe2\x82", final=False) + frame(0, b"\x28"), 1007),
    ("frame: close with one byte", frame(CLOSE, b"\x03"), 1002),
    ("frame: close with 999", frame(CLOSE, struct.pack(">H", 999)), 1002),
    ("frame: close with 1005", frame(CLOSE, struct.pack(">H", 1005)), 1002),
    ("frame: close with 1006", frame(CLOSE, struct.pack(">H", 1006)), 1002),
    ("frame: close with 5000", frame(CLOSE, struct.pack(">H", 5000)), 1002),
    ("frame: close with 65535", frame(CLOSE, b"\xff\xff"), 1002),
    ("frame: close with a reason that is no text", frame(CLOSE, b"\x03\xe8\xff"), 1007),
    ("frame: close of 126 bytes", frame(CLOSE, b"\x03\xe8" + b"x" * 124), 1002),
    ("frame: close is answered in kind", frame(CLOSE, b"\x0f\xa0bye"), 4000),
    ("frame: close without a code", frame(CLOSE), 1005),
    ("frame: nothing behind a close", frame(CLOSE, b"\x03\xe8") + b"\x81\x016" * 1000, 1000),
    ("frame: length of 1 TB", LENGTH_64 + struct.pack(">Q", 1 << 40) + b"maskx", 1009),
    ("frame: one byte over the limit", LENGTH_64 + struct.pack(">Q", 1000001) + b"maskx", 1009),
    ("frame: deflate that was not agreed on", frame(TEXT, b"\x00" * 20, reserved=4), 1002),
    ("frame: all reserved bits", frame(TEXT, b"6", reserved=7), 1002),
    ("frame: every reserved opcode", frame(5, b"6") + frame(13, b""), 1002),
    ("frame: half a header", b"\x81", None),
]

EXTENSIONS = [
    ("extension: deflate", "permessage-deflate; client_max_window_bits"),
    ("extension: deflate with garbage", "permessage-deflate; client_max_window_bits=999; x=\x22"),
    ("extension: a thousand", ", ".join(["permessage-deflate"] * 300)),
    ("extension: separators", ",;=,;=\"\""),
]


# What Sec-WebSocket-Protocol offers, and what is answered.
SUBPROTOCOLS = [
    ("subprotocol: one", "chat", "chat"),
    ("subprotocol: the first of several", " a.b-1 , chat", "a.b-1"),
    ("subprotocol: none", "", None),
    ("subprotocol: only commas", ",,", None),
    ("subprotocol: blank within", "a b", None),
    ("subprotocol: of 6 KB", "x" * 6000, None),
    ("subprotocol: 6 KB of them", "x, " * 2000, "x"),
    ("subprotocol: with a control character", "a\tb", None),
    ("subprotocol: with bytes of no character", "\xff\xfe", None),
]


class Engine(HostileTest):
    def post(self, target, body, headers, status, state):
        with Client(self.server) as client:
            sid = self.handshake(client, target)
            reply = client.ask("POST", f"{target}&sid={sid}", body, headers)
            self.assertEqual(reply.status, status, reply.body)
            self.assertState(sid, state, target)

    def payload_4(self, *row):
        self.post(POLLING, *row)

    def payload_3(self, *row):
        self.post(f"{POLLING_3}&token={token()}", *row)

    def jsonp(self, body, *row):
        target = f"{POLLING_3}&token={token()}"
        with Client(self.server) as client:
            sid = self.handshake(client, target)
            reply = client.ask("POST", f"{target}&sid={sid}&j=1", body)
            self.assertEqual(reply.status, row[0], reply.body)
            self.assertState(sid, row[1], target)

    def websocket_4(self, says, end):
        with SocketClient(self.server, connect=False) as client:
            client.send_all(says)
            self.assertEnds(client, end)

    def websocket_3(self, says, end):
        with SocketClient(self.server, f"{WEBSOCKET_3}&token={token()}", connect=False) as client:
            client.skip_to('42["connected"*')
            client.send_all(says)
            if says == ["2"]:
                self.assertEqual(client.hear(), "3")
            self.assertEnds(client, end)

    def frames(self, data, code):
        with SocketClient(self.server) as client:
            client.send(data)
            if data == b"\x81":
                client.finish()
            self.assertEqual(client.ending(), code)
            if code:
                self.assertEqual(client.ending(), None)  # it says so once

    def test_ping_flood(self):
        """Many pings are answered, but not each with a write of its own."""
        with SocketClient(self.server) as client:
            client.send(frame(PING, b"x" * 125) * 50000 + frame(PING, b"the last"))
            while client.take_frame() != (PONG, b"the last"):
                pass
            self.assertEnds(client, OPEN)

    def test_ping_flood_of_who_does_not_read(self):
        with SocketClient(self.server) as client:
            before = self.server.memory_kb()
            for _ in range(100):
                client.send(frame(PING, b"x" * 125) * 1000)
            self.assertLess(self.server.memory_kb() - before, 8192)

    def extension(self, value):
        headers = ("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                   f"Sec-WebSocket-Extensions: {value}\r\n")
        with Client(self.server) as client:
            reply = client.upgrade(WEBSOCKET, headers)
            self.assertEqual(reply.status, 101)
            self.assertNotIn("sec-websocket-extensions", reply.headers)
            client.hear()
            client.send(frame(TEXT, b"\xf2H\xcd\xc9\xc9\x07\x00", reserved=4))
            self.assertEqual(client.close_code(), 1002)

    def subprotocol(self, offer, answer):
        headers = ("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                   f"Sec-WebSocket-Protocol: {offer}\r\n")
        with Client(self.server) as client:
            reply = client.upgrade(WEBSOCKET, headers)
            self.assertEqual((reply.status, reply.headers.get("sec-websocket-protocol")),
                             (101, answer))
            self.assertEqual(client.hear()[0], "0")

    # What takes several connections.

    def polling_client(self):
        client = Client(self.server)
        sid = self.handshake(client)
        return client, f"{POLLING}&sid={sid}", sid

    def test_second_poll_ends_the_session(self):
        client, target, sid = self.polling_client()
        with client, Client(self.server) as other:
            client.send(request("GET", target))
            self.assertTrue(client.hears_nothing())
            self.assertEqual(other.ask("GET", target).status, 400)
            self.assertEqual(client.reply().body, "1")
            self.assertState(sid, GONE)

    def test_goodbye_releases_the_poll(self):
        client, target, sid = self.polling_client()
        with client, Client(self.server) as other:
            client.send(request("GET", target))
            self.assertTrue(client.hears_nothing())
            self.assertEqual(other.ask("POST", target, "1").body, "ok")
            self.assertEqual(client.reply().body, "6")
            self.assertState(sid, GONE)

    def test_body_that_never_comes(self):
        client, target, sid = self.polling_client()
        with client, Client(self.server) as other:
            client.send(f"POST {target} HTTP/1.1\r\nHost: h\r\nContent-Length: 999999\r\n\r\n4")
            self.assertEqual(other.ask("POST", target, "6").body, "ok")
            self.assertState(sid, OPEN)

    def test_upgrade_then_silence(self):
        client, target, sid = self.polling_client()
        with client, Client(self.server) as probe:
            self.assertEqual(probe.upgrade(f"{WEBSOCKET}&sid={sid}").status, 101)
            self.assertEqual(probe.close_code(), 1000)
            self.assertState(sid, OPEN)

    def test_data_before_the_upgrade_is_over(self):
        client, target, sid = self.polling_client()
        with client, Client(self.server) as probe:
            probe.upgrade(f"{WEBSOCKET}&sid={sid}")
            probe.say(connect_packet())
            self.assertEqual(probe.close_code(), 1000)
            self.assertState(sid, OPEN)

    def test_upgrade_without_a_probe(self):
        client, target, sid = self.polling_client()
        with client, Client(self.server) as probe:
            probe.upgrade(f"{WEBSOCKET}&sid={sid}")
            probe.say("5")
            probe.say("40/probe,")
            self.assertEqual(probe.hear(), '44/probe,{"message":"Invalid namespace"}')

    def test_upgrade_of_a_websocket(self):
        with SocketClient(self.server) as client, Client(self.server) as probe:
            sid = client.handshake.split('"')[3]
            self.assertEqual(probe.upgrade(f"{WEBSOCKET}&sid={sid}").status, 101)
            probe.until_closed()
            self.assertEnds(client, OPEN)

    def test_two_upgrades(self):
        client, target, sid = self.polling_client()
        with client, Client(self.server) as first, Client(self.server) as second:
            first.upgrade(f"{WEBSOCKET}&sid={sid}")
            self.assertEqual(second.upgrade(f"{WEBSOCKET}&sid={sid}").status, 101)
            second.until_closed()
            first.say("2probe")
            self.assertEqual(first.hear(), "3probe")

    def test_upgrade_of_a_session_that_ends_meanwhile(self):
        client, target, sid = self.polling_client()
        with client, Client(self.server) as probe:
            probe.upgrade(f"{WEBSOCKET}&sid={sid}")
            probe.say("2probe")
            self.assertEqual(probe.hear(), "3probe")
            client.ask("POST", target, "1")
            self.assertEqual(probe.close_code(), 1000)
            self.assertState(sid, GONE)

    def test_a_guess_of_a_sid(self):
        sids = set()
        with Client(self.server) as client:
            for _ in range(200):
                sid = self.handshake(client)
                sids.add(sid)
                client.ask("POST", f"{POLLING}&sid={sid}", "1")
            self.assertEqual(len(sids), 200)
            self.assertTrue(all(len(sid) >= 22 for sid in sids))
            near = sid[:-1] + ("A" if sid[-1] != "A" else "B")
            self.assertEqual(client.ask("GET", f"{POLLING}&sid={near}").json()["code"], 1)

    def test_callback_of_jsonp_is_only_digits(self):
        with Client(self.server) as client:
            body = client.ask("GET", f"{POLLING_3}&token={token()}&j=../../1);alert(2)//").body
            self.assertRegex(body, r"^___eio\[\d+\]\(")

    @once_of_three
    def test_deadlines_are_kept_by_a_crowd(self):
        """Who says nothing, connects to nothing, or answers no heartbeat is cleared away."""
        silent = [Client(self.server) for _ in range(100)]
        polling = [Client(self.server) for _ in range(100)]
        sockets = [SocketClient(self.server, connect=i % 2 == 0) for i in range(100)]
        for client in polling:
            self.handshake(client)
        began = time.monotonic()
        while self.server.metrics()["ws_edge_sessions"] > 1:
            self.assertInTime(time.monotonic() - began, 15)
            self.bystander.ask()
            time.sleep(0.5)
        for client in silent + polling + sockets:
            client.socket.close()


add_rows(Engine, PAYLOADS_4, Engine.payload_4)
add_rows(Engine, PAYLOADS_3, Engine.payload_3)
add_rows(Engine, JSONP, Engine.jsonp)
add_rows(Engine, WEBSOCKET_4, Engine.websocket_4)
add_rows(Engine, WEBSOCKET_3_ROWS, Engine.websocket_3)
add_rows(Engine, FRAMES, Engine.frames)
add_rows(Engine, EXTENSIONS, Engine.extension)
add_rows(Engine, SUBPROTOCOLS, Engine.subprotocol)

if __name__ == "__main__":
    main()
