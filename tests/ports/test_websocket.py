#!/usr/bin/env python3
"""WebSockets on the client port: handshakes, frames, and connections that break off."""

from support import (ACCEPT, BINARY, CLOSE, ENGINE, KEY, PING, POLLING, PONG, TEXT, WEBSOCKET,
                     PortTest, frame, main, once_of_three, request, upgrade_head)

UPGRADE = "Upgrade: websocket\r\n"
CONNECTION = "Connection: Upgrade\r\n"
WITH_KEY = f"Sec-WebSocket-Key: {KEY}\r\n"
VERSION = "Sec-WebSocket-Version: 13\r\n"
USUAL = UPGRADE + CONNECTION + WITH_KEY + VERSION


class Handshakes(PortTest):
    def test_accept_key(self):
        with self.client() as client:
            reply = client.upgrade()
            self.assertEqual(reply.headers["sec-websocket-accept"], ACCEPT)
            self.assertNotIn("sec-websocket-extensions", reply.headers)
            self.assertEqual(client.hear()[0], "0")

    def test_dripping_head(self):
        with self.client() as client:
            client.drip(upgrade_head())
            self.assertEqual(client.reply().status, 101)
            client.hear()
            client.say("4hi")
            self.assertEqual(client.hear(), "4hi")

    def test_large_head(self):
        cookies = f"Cookie: a={'x' * 14000}\r\n"
        with self.client() as client:
            self.assertEqual(client.upgrade(headers=USUAL + cookies).status, 101)
            client.hear()

    def test_too_large_head(self):
        with self.client() as client:
            self.assertEqual(client.upgrade(headers=USUAL + f"X: {'x' * 17000}\r\n").status, 431)

    def test_frame_behind_the_head(self):
        for count in (1, 3):
            with self.subTest(count=count), self.client() as client:
                behind = b"".join(frame(TEXT, b"4%d" % i) for i in range(count))
                self.assertEqual(client.upgrade(behind=behind).status, 101)
                client.hear()
                self.assertEqual([client.hear() for _ in range(count)],
                                 [f"4{i}" for i in range(count)])

    def test_large_message_behind_the_head(self):
        with self.client() as client:
            client.upgrade(behind=frame(TEXT, b"4" + b"x" * 200000))
            client.hear()
            self.assertEqual(client.hear(), "4" + "x" * 200000)

    def test_garbage_behind_the_head(self):
        for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 1000, b"\0" * 1000, b"\r\n\r\n"):
            with self.subTest(garbage=garbage[:8]), self.client() as client:
                client.send(upgrade_head().encode() + garbage)
                client.finish()
                client.until_closed()

    def test_not_a_handshake(self):
        for what, line, headers in (
                ("method", f"POST {WEBSOCKET} HTTP/1.1", USUAL),
                ("version of HTTP", f"GET {WEBSOCKET} HTTP/1.0", USUAL),
                ("no upgrade", None, CONNECTION + WITH_KEY + VERSION),
                ("two upgrades", None, UPGRADE + USUAL),
                ("h2c", None, "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
                              "Connection: Upgrade, HTTP2-Settings\r\n" + WITH_KEY + VERSION),
                ("one of two", None, "Upgrade: h2c, websocket\r\n" + CONNECTION + WITH_KEY + VERSION),
                ("no connection", None, UPGRADE + WITH_KEY + VERSION),
                ("another connection", None,
                 UPGRADE + "Connection: keep-alive\r\n" + WITH_KEY + VERSION),
                ("no key", None, UPGRADE + CONNECTION + VERSION),
                ("short key", None,
                 UPGRADE + CONNECTION + "Sec-WebSocket-Key: abc\r\n" + VERSION),
                ("two keys", None, USUAL + WITH_KEY),
                ("no version", None, UPGRADE + CONNECTION + WITH_KEY),
                ("version 8", None,
                 UPGRADE + CONNECTION + WITH_KEY + "Sec-WebSocket-Version: 8\r\n")):
            with self.subTest(what=what), self.client() as client:
                client.send(upgrade_head(headers=headers, line=line))
                reply = client.reply()
                self.assertEqual(reply.status, 400)
                self.assertIn(reply.json()["code"], (2, 3))

    @once_of_three
    def test_refused(self):
        for target, status, code in (
                (ENGINE + "?EIO=4", 400, 0),
                (WEBSOCKET + "&sid=unknown", 400, 1),
                (POLLING, 400, 3),
                (ENGINE + "?EIO=3&transport=websocket", 400, 5)):
            with self.subTest(target=target), self.client() as client:
                reply = client.upgrade(target)
                self.assertEqual((reply.status, reply.json()["code"]), (status, code))
                self.assertEqual(client.until_closed(2), b"")

    def test_refused_and_reset(self):
        for _ in range(20):
            client = self.client()
            client.send(upgrade_head(ENGINE + "?EIO=4"))
            client.reset()

    def test_no_such_path(self):
        with self.client() as client:
            self.assertEqual(client.upgrade("/nowhere").status, 404)

    def test_reset_at_once(self):
        for _ in range(50):
            client = self.client()
            client.send(upgrade_head())
            client.reset()

    def test_reset_after_the_handshake(self):
        for _ in range(20):
            client = self.websocket()
            client.say("4" + "x" * 100000)
            client.reset()

    @once_of_three
    def test_end_at_once(self):
        with self.client() as client:
            client.send(upgrade_head())
            client.finish()
            client.until_closed(6)


class KeptAlive(PortTest):
    def test_upgrade(self):
        with self.client() as client:
            self.handshake(client)
            self.assertEqual(client.upgrade().status, 101)
            self.assertEqual(client.hear()[0], "0")
            client.say("4hi")
            self.assertEqual(client.hear(), "4hi")

    def test_many_upgrades(self):
        self.tearDown()  # what the first clients leave behind for good is there now
        before = self.server.descriptors()
        for _ in range(50):
            with self.client() as client:
                self.handshake(client)
                self.assertEqual(client.upgrade().status, 101)
                client.hear()
        self.assertBackTo(before)

    def test_upgrade_of_the_session_itself(self):
        with self.client() as client:
            sid = self.handshake(client)
            client.upgrade(f"{WEBSOCKET}&sid={sid}")
            client.say("2probe")
            self.assertEqual(client.hear(), "3probe")
            client.say("5")
            client.say("4hi")
            self.assertEqual(client.hear(), "4hi")

    @once_of_three
    def test_refused(self):
        with self.client() as client:
            self.handshake(client)
            reply = client.upgrade(WEBSOCKET + "&sid=unknown")
            self.assertEqual((reply.status, reply.json()["code"]), (400, 1))
            self.assertEqual(client.until_closed(2), b"")

    def test_no_such_path_then_a_poll_is_given_up(self):
        client = self.client()
        self.assertEqual(client.upgrade("/nowhere").status, 404)
        sid = self.handshake(client)
        self.assertEqual(client.upgrade("/nowhere").status, 404)
        client.send(request("GET", f"{POLLING}&sid={sid}"))
        self.assertTrue(client.hears_nothing())
        client.socket.close()
        self.assertGone(sid)


class Transports(PortTest):
    def test_upgrade_releases_the_poll(self):
        with self.client() as poll, self.client() as websocket:
            sid = self.handshake(poll)
            poll.send(request("GET", f"{POLLING}&sid={sid}"))
            self.assertEqual(websocket.upgrade(f"{WEBSOCKET}&sid={sid}").status, 101)
            websocket.say("2probe")
            self.assertEqual(websocket.hear(), "3probe")
            self.assertEqual(poll.reply().body, "6")
            self.assertEqual(poll.ask("POST", f"{POLLING}&sid={sid}", "4posted").body, "ok")
            websocket.say("5")
            self.assertEqual(websocket.hear(), "4posted")
            self.assertEqual(poll.ask("GET", f"{POLLING}&sid={sid}").json()["code"], 3)

    def test_client_vanishes_in_mid_upgrade(self):
        with self.client() as poll, self.client() as websocket:
            sid = self.handshake(poll)
            websocket.upgrade(f"{WEBSOCKET}&sid={sid}")
            websocket.say("2probe")
            websocket.hear()
            websocket.reset()
            self.assertEqual(poll.ask("POST", f"{POLLING}&sid={sid}", "4hi").body, "ok")
            self.assertEqual(poll.ask("GET", f"{POLLING}&sid={sid}").body, "4hi")

    @once_of_three
    def test_second_websocket_is_closed(self):
        with self.client() as poll, self.client() as first, self.client() as second:
            sid = self.handshake(poll)
            first.upgrade(f"{WEBSOCKET}&sid={sid}")
            self.assertEqual(second.upgrade(f"{WEBSOCKET}&sid={sid}").status, 101)
            second.until_closed(6)
            first.say("2probe")
            self.assertEqual(first.hear(), "3probe")


class Messages(PortTest):
    def test_sizes(self):
        with self.websocket() as client:
            for size in (1, 2, 125, 126, 127, 511, 512, 513, 4096, 65535, 65536, 65537, 300000,
                         999999, 1000000):
                with self.subTest(size=size):
                    text = b"4" + b"x" * (size - 1)
                    client.frame(TEXT, text)
                    self.assertEqual(client.hear(), text.decode())

    def test_binary_sizes(self):
        with self.websocket() as client:
            for size in (0, 1, 126, 512, 65536, 1000000):
                with self.subTest(size=size):
                    client.frame(BINARY, b"\xfe" * size)
                    self.assertEqual(client.take_frame(), (BINARY, b"\xfe" * size))

    def test_empty_text(self):
        with self.websocket() as client:
            client.frame(TEXT, b"")
            self.assertEqual(client.close_code(), 1002)

    def test_too_large(self):
        with self.websocket() as client:
            client.frame(TEXT, b"4" + b"x" * 1000000)
            self.assertEqual(client.close_code(), 1009)

    def test_too_large_is_refused_by_its_header(self):
        with self.websocket() as client:
            client.send(b"\x81\xff" + (1 << 40).to_bytes(8, "big") + b"\0\0\0\0" + b"4" * 100)
            self.assertEqual(client.close_code(), 1009)

    def test_too_large_in_fragments(self):
        with self.websocket() as client:
            client.frame(TEXT, b"4" + b"x" * 600000, final=False)
            client.frame(0, b"x" * 600000)
            self.assertEqual(client.close_code(), 1009)

    def test_fragments(self):
        with self.websocket() as client:
            client.frame(TEXT, b"4he", final=False)
            client.frame(0, b"", final=False)
            client.frame(PING, b"in between")
            client.frame(0, b"llo")
            self.assertEqual({client.take_frame(), client.take_frame()},
                             {(PONG, b"in between"), (TEXT, b"4hello")})

    def test_many_small_fragments(self):
        with self.websocket() as client:
            text = b"4" + b"x" * 2000
            pieces = [frame(TEXT, text[:1], final=False)]
            pieces += [frame(0, text[i:i + 1], final=i == 2000) for i in range(1, 2001)]
            client.send(b"".join(pieces))
            self.assertEqual(client.hear(), text.decode())

    def test_many_empty_fragments(self):
        with self.websocket() as client:
            client.frame(TEXT, b"4", final=False)
            client.send(frame(0, b"", final=False) * 5000)
            client.frame(0, b"hi")
            self.assertEqual(client.hear(), "4hi")

    def test_dripping_frame(self):
        with self.websocket() as client:
            client.drip(frame(TEXT, b"4" + b"x" * 200).decode("latin-1"))
            self.assertEqual(client.hear(), "4" + "x" * 200)

    def test_many_messages_in_one_segment(self):
        with self.websocket() as client:
            client.send(b"".join(frame(TEXT, b"4%d" % i) for i in range(2000)))
            self.assertEqual([client.hear() for _ in range(2000)], [f"4{i}" for i in range(2000)])

    def test_ping(self):
        with self.websocket() as client:
            for payload in (b"", b"hello", b"\0" * 125):
                client.frame(PING, payload)
                self.assertEqual(client.take_frame(), (PONG, payload))

    def test_pong_unasked_for(self):
        with self.websocket() as client:
            client.frame(PONG, b"x")
            client.say("4hi")
            self.assertEqual(client.hear(), "4hi")

    @once_of_three
    def test_close(self):
        for payload in (b"", b"\x03\xe8", b"\x03\xe9bye", b"\x0f\xa1"):
            with self.subTest(payload=payload), self.websocket() as client:
                client.frame(CLOSE, payload)
                opcode, _ = client.take_frame()
                self.assertEqual(opcode, CLOSE)
                client.until_closed(6)

    @once_of_three
    def test_close_packet(self):
        with self.websocket() as client:
            client.say("1")
            self.assertEqual(client.close_code(), 1000)
            self.assertEqual(client.until_closed(2), b"")  # it does not wait for an answer

    def test_protocol_errors(self):
        for what, data, code in (
                ("reserved bit", frame(TEXT, b"4", reserved=4), 1002),
                ("reserved opcode", frame(3, b"4"), 1002),
                ("reserved control", frame(11, b"4"), 1002),
                ("fragmented ping", frame(PING, b"x", final=False), None),
                ("long ping", frame(PING, b"x" * 126), None),
                ("continuation of nothing", frame(0, b"x"), None),
                ("text within a fragmented one", frame(TEXT, b"4", final=False) + frame(TEXT, b"4"),
                 None),
                ("bad UTF-8", frame(TEXT, b"4\xff\xfe"), 1007),
                ("half a character", frame(TEXT, b"4\xe2\x82"), 1007)):
            with self.subTest(what=what), self.websocket() as client:
                client.send(data)
                try:
                    self.assertEqual(client.close_code(), code or 1002)
                except EOFError:
                    self.assertIsNone(code)

    def test_characters_split_between_fragments(self):
        with self.websocket() as client:
            client.frame(TEXT, b"4\xe2\x82", final=False)
            client.frame(0, b"\xac")
            self.assertEqual(client.hear().encode("latin-1"), b"4\xe2\x82\xac")

    @once_of_three
    def test_slow_reader(self):
        """Who never reads is cut off; the server's memory is not theirs."""
        with self.websocket() as client:
            with self.assertRaises((ConnectionResetError, BrokenPipeError)):
                for _ in range(200):
                    client.frame(BINARY, b"x" * 500000)
            client.until_closed(8)


if __name__ == "__main__":
    main()
