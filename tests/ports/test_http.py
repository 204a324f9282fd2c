#!/usr/bin/env python3
"""Plain HTTP on the client port: heads, bodies, pipelining, and what is no HTTP at all."""

import time

from support import ENGINE, KEY, POLLING, WEBSOCKET, PortTest, main, once_of_three, request


class Pipelining(PortTest):
    def test_get_post_get_in_one_segment(self):
        with self.client() as client:
            target = f"{POLLING}&sid={self.handshake(client)}"
            client.ask("POST", target, "4a")
            client.send(request("GET", target) + request("POST", target, "4b") +
                        request("GET", target))
            self.assertEqual([client.reply().body for _ in range(3)], ["4a", "ok", "4b"])

    def test_post_behind_a_held_get(self):
        with self.client() as client, self.client() as other:
            target = f"{POLLING}&sid={self.handshake(client)}"
            client.send(request("GET", target) + request("POST", target, "4b"))
            self.assertTrue(client.hears_nothing())
            other.ask("POST", target, "4a")
            self.assertEqual([client.reply().body for _ in range(2)], ["4a", "ok"])

    def test_errors_keep_the_connection(self):
        with self.client() as client:
            client.send(request("GET", "/nowhere") + request("GET", ENGINE) +
                        request("GET", POLLING))
            self.assertEqual([client.reply().status for _ in range(3)], [404, 400, 200])


class Heads(PortTest):
    options = ("--head-timeout", "300000")  # what is closed is not closed for that

    def test_dripping_head(self):
        with self.client() as client:
            client.drip(request("GET", POLLING))
            self.assertEqual(client.reply().status, 200)
            self.handshake(client)

    def test_dripping_second_head_and_body(self):
        with self.client() as client:
            target = f"{POLLING}&sid={self.handshake(client)}"
            client.drip(request("POST", target, "4hello"))
            self.assertEqual(client.reply().body, "ok")
            self.assertEqual(client.ask("GET", target).body, "4hello")

    def test_head_in_three_parts(self):
        with self.client() as client:
            client.drip(request("GET", POLLING, headers=f"X: {'x' * 6000}\r\n"), 2500, 0.02)
            self.assertEqual(client.reply().status, 200)

    @once_of_three
    def test_partial_head_and_end(self):
        with self.client() as client:
            client.send("GET /engine.io/ HTTP/1.1\r\nHost:")
            client.finish()
            self.assertEqual(client.until_closed(2), b"")

    @once_of_three
    def test_partial_head_and_end_later(self):
        with self.client() as client:
            client.send("GET /engine.io/ HTTP/1.1\r\nHost:")
            self.assertTrue(client.hears_nothing())
            client.finish()
            self.assertEqual(client.until_closed(2), b"")

    def test_partial_head_and_reset(self):
        client = self.client()
        client.send("GET /engine.io/ HTTP/1.1\r\nHost:")
        self.assertTrue(client.hears_nothing())
        client.reset()

    @once_of_three
    def test_whole_head_and_end(self):
        with self.client() as client:
            client.send(request("GET", POLLING))
            client.finish()
            self.assertEqual(client.reply().status, 200)
            self.assertEqual(client.until_closed(2), b"")

    @once_of_three
    def test_nothing_and_end(self):
        with self.client() as client:
            client.finish()
            self.assertEqual(client.until_closed(4), b"")

    @once_of_three
    def test_endless_head(self):
        with self.client() as client:
            client.send("GET / HTTP/1.1\r\nX: " + "x" * 17000)
            self.assertEqual(client.reply().status, 431)
            client.until_closed(2)

    def test_many_small_headers(self):
        with self.client() as client:
            client.send(request("GET", POLLING, headers="A: b\r\n" * 900))
            self.assertIn(client.reply().status, (400, 431))

    def test_second_head_too_large(self):
        with self.client() as client:
            self.handshake(client)
            client.send(request("GET", POLLING, headers=f"X: {'x' * 20000}\r\n"))
            self.assertIn(b"431", client.until_closed())

    def test_head_method_has_no_body(self):
        with self.client() as client:
            reply = client.ask("HEAD", POLLING)
            self.assertEqual(reply.status, 400)
            self.handshake(client)  # nothing was left over

    def test_bare_line_feeds(self):
        with self.client() as client:
            client.send(f"GET {POLLING} HTTP/1.1\nHost: localhost\n\n")
            self.assertIn(client.reply().status, (200, 400))

    def test_mixed_line_ends(self):
        for text in (f"GET {POLLING} HTTP/1.1\r\nHost: h\n\r\n", f"GET {POLLING} HTTP/1.1\nHost: h\r\n\n",
                     f"GET {POLLING} HTTP/1.1\nHost: h\n\r\n", f"GET {POLLING} HTTP/1.1\r\nHost: h\r\n\n"):
            with self.subTest(text=text), self.client() as client:
                client.send(text)
                self.assertEqual(client.reply().status, 400)

    def test_http_0_9(self):
        with self.client() as client:
            client.send("GET /\r\n\r\n")
            client.finish()
            client.until_closed()

    @once_of_three
    def test_http_1_0(self):
        with self.client() as client:
            client.send(f"GET {POLLING} HTTP/1.0\r\n\r\n")
            self.assertEqual(client.reply().status, 200)
            client.until_closed(2)

    def test_folded_header(self):
        with self.client() as client:
            client.send(request("GET", POLLING, headers="X: a\r\n b\r\n"))
            self.assertIn(client.reply().status, (200, 400))

    def test_no_host(self):
        with self.client() as client:
            client.send(f"GET {POLLING} HTTP/1.1\r\n\r\n")
            self.assertEqual(client.reply().status, 400)

    def test_no_http(self):
        for garbage in (b"\r\n\r\n", b"\n\n", b"\0" * 64 + b"\r\n\r\n", b"\x16\x03\x01\x02\x00" * 9 + b"\r\n\r\n",
                        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET\r\n\r\n", b": :\r\n\r\n",
                        bytes(range(1, 256)) + b"\r\n\r\n", b"\xff" * 5000 + b"\n\n"):
            with self.subTest(garbage=garbage[:20]), self.client() as client:
                client.send(garbage)
                client.finish()
                answer = client.until_closed()
                self.assertTrue(answer == b"" or answer[:10] in (b"HTTP/1.1 4", b"HTTP/1.1 5"), answer[:80])

    def test_odd_targets(self):
        for target in ("http://localhost" + POLLING, "//" + POLLING, "/%00", "/../engine.io/", "*",
                       POLLING + "&sid=%00", POLLING + "&sid=" + "x" * 5000, POLLING + "&a&=&&"):
            with self.subTest(target=target[:40]), self.client() as client:
                self.assertIn(client.ask("GET", target).status, (200, 400, 404))


def head(line, size, headers="", last=""):
    """A head of exactly `size` bytes."""
    begin = f"{line} HTTP/1.1\r\nHost: h\r\n{headers}X: "
    return begin + "x" * (size - len(begin) - len(last) - 4) + last + "\r\n\r\n"


LARGEST = 16384
UPGRADE = ("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
           f"Sec-WebSocket-Key: {KEY}\r\n")


class LargestHeads(PortTest):
    """16 KB and 100 headers, on a connection's first request and on later ones."""

    def clients(self):
        """A new connection, and one that has asked something."""
        with self.client() as client:
            yield client
        with self.client() as client:
            self.handshake(client)
            yield client

    def answers(self, text, statuses):
        for client in self.clients():
            client.send(text)
            self.assertEqual(client.reply().status, statuses)

    def test_sizes(self):
        for size in (3900, 4224, 7168, 8000, 8192, 12000, 16000, LARGEST - 1, LARGEST):
            with self.subTest(size=size):
                self.answers(head(f"GET {POLLING}", size), 200)

    def test_one_more(self):
        for size in (LARGEST + 1, 17000, 24000):
            with self.subTest(size=size):
                self.answers(head(f"GET {POLLING}", size), 431)

    def test_target(self):
        self.answers(f"GET {POLLING}&x={'x' * 16000} HTTP/1.1\r\nHost: h\r\n\r\n", 200)

    def test_headers(self):
        for count, status in ((100, 200), (101, 431)):
            with self.subTest(count=count):
                lines = "".join(f"X-{i}: {'x' * 140}\r\n" for i in range(count - 1))
                self.answers(f"GET {POLLING} HTTP/1.1\r\nHost: h\r\n{lines}\r\n", status)

    def test_cookies(self):
        for count, length in ((1, 16000), (200, 70), (3, 5000)):
            with self.subTest(count=count):
                cookies = "; ".join(f"c{i}={'x' * length}" for i in range(count))
                self.answers(request("GET", POLLING, headers=f"Cookie: {cookies}\r\n"), 200)

    def test_cookies_and_headers(self):
        cookies = "; ".join(f"c{i}={'x' * 30}" for i in range(180))
        lines = "".join(f"X-{i}: {'x' * 80}\r\n" for i in range(95))
        self.answers(request("GET", POLLING, headers=f"Cookie: {cookies}\r\n{lines}"), 200)

    def test_upgrade(self):
        for size in (3900, 8000, LARGEST):
            for client in self.clients():
                with self.subTest(size=size):
                    client.send(head(f"GET {WEBSOCKET}", size, UPGRADE))
                    self.assertEqual(client.reply().status, 101)
                    self.assertEqual(client.hear()[0], "0")

    def test_upgrade_as_proxies_write_it(self):
        for lines in ("Content-Length: 0\r\n", "Connection: keep-alive\r\n",
                      "Content-Length: 0\r\nConnection: keep-alive\r\n"):
            for client in self.clients():
                with self.subTest(lines=lines):
                    client.send(f"GET {WEBSOCKET} HTTP/1.1\r\nHost: h\r\n{lines}{UPGRADE}\r\n")
                    self.assertEqual(client.reply().status, 101)
                    self.assertEqual(client.hear()[0], "0")

    def test_post(self):
        for size in (3900, 8000, LARGEST):
            for client in self.clients():
                with self.subTest(size=size):
                    target = f"{POLLING}&sid={self.handshake(client)}"
                    client.send(head(f"POST {target}", size, "Content-Length: 70001\r\n") +
                                "4" + "x" * 70000)
                    self.assertEqual(client.reply().body, "ok")

    def test_behind_empty_lines(self):
        """libmicrohttpd 1.0 skips one in front of a request that is not the first, and closes for more."""
        with self.client() as client:
            client.send("\r\n\r\n" * 1024 + head(f"GET {POLLING}", 8000))
            self.assertEqual(client.reply().status, 200)
            client.send("\r\n" + head(f"GET {POLLING}", LARGEST))
            self.assertEqual(client.reply().status, 200)


class UsedUpMemory(PortTest):
    """Heads of all sizes and a body behind them, which once filled the memory that a connection has:
    then nothing went on, not even the loop."""

    def survive(self, texts):
        clients = []
        for text in texts:
            client = self.client()
            target = f"{POLLING}&sid={self.handshake(client)}"
            try:
                client.send(text.replace("TARGET", target))
            except OSError:
                pass  # it was refused
            clients.append(client)
        time.sleep(0.2)
        with self.client() as other:
            self.handshake(other)
        for client in clients:
            client.socket.close()
        self.assertIdle()

    def test_head_of_4224_bytes_with_62_headers(self):
        lines = "".join(f"00: {'v' * 60}\r\n" for _ in range(59))
        begin = head(f"POST {POLLING}", 4224, f"Content-Length: 3000\r\n{lines}")
        with self.client() as client:
            client.send(begin + "x" * 3000)
            self.assertEqual(client.reply().status, 400)
        self.assertIdle()

    def test_few_headers(self):
        self.survive(head("POST TARGET", size, "Content-Length: 3000\r\n") + "x" * 10
                     for size in list(range(200, LARGEST, 97)) + list(range(16000, 60000, 997)))

    def test_many_headers(self):
        for count in (30, 60, 97):
            lines = "".join(f"{i:02}: {'v' * 10}\r\n" for i in range(count))
            self.survive(head("POST TARGET", size, f"Content-Length: 3000\r\n{lines}") + "x" * 10
                         for size in range(2500, LARGEST, 371))

    def test_many_cookies(self):
        self.survive(f"POST TARGET HTTP/1.1\r\nHost: h\r\nContent-Length: 3000\r\n"
                     f"Cookie: {'a=b;' * count}\r\n\r\n" + "x" * 10
                     for count in range(10, 4000, 61))

    def test_behind_requests_that_are_read_ahead(self):
        ahead = request("GET", "/nowhere")
        self.survive(ahead * count + head("POST TARGET", size, "Content-Length: 3000\r\n") + "x" * 10
                     for count in (100, 400, 700, 1000) for size in range(600, 16000, 1700))


class Bodies(PortTest):
    options = ("--max-payload", "100000")

    def post(self, framing, body, method="POST"):
        client = self.client()
        sid = self.handshake(client)
        client.send(f"{method} {POLLING}&sid={sid} HTTP/1.1\r\nHost: h\r\n{framing}\r\n{body}")
        return client, sid

    def test_largest(self):
        client, sid = self.post("Content-Length: 100000\r\n", "4" + "x" * 99999)
        with client:
            self.assertEqual(client.reply().body, "ok")
            self.assertEqual(client.ask("GET", f"{POLLING}&sid={sid}").body, "4" + "x" * 99999)

    def test_too_large_by_its_length(self):
        client, sid = self.post("Content-Length: 100001\r\n", "4" + "x" * 100000)
        with client:
            self.assertEqual(client.reply().status, 413)
        self.assertOpen(sid)

    def test_too_large_and_never_sent(self):
        for framing in ("Content-Length: 400001\r\n",
                        "Content-Length: 400000\r\nExpect: 100-continue\r\n"):
            with self.subTest(framing=framing):
                client, sid = self.post(framing, "")
                with client:
                    self.assertEqual(client.reply().status, 413)
                self.assertOpen(sid)

    def test_too_large_and_sent_slowly(self):
        client, sid = self.post("Content-Length: 400000\r\n", "4" + "x" * 199999)
        with client:
            time.sleep(0.1)
            client.send("x" * 200000)
            self.assertEqual(client.reply().status, 413)
            self.assertEqual(client.ask("GET", "/socket.io/?EIO=4&transport=polling").status, 200)
        self.assertOpen(sid)

    def test_chunks(self):
        client, sid = self.post("Transfer-Encoding: chunked\r\n", "2\r\n4h\r\n1\r\ni\r\n0\r\n\r\n")
        with client:
            self.assertEqual(client.reply().body, "ok")
            self.assertEqual(client.ask("GET", f"{POLLING}&sid={sid}").body, "4hi")

    def test_too_large_in_chunks(self):
        chunk = "c350\r\n" + "4" * 50000 + "\r\n"
        client, sid = self.post("Transfer-Encoding: chunked\r\n", chunk * 3 + "0\r\n\r\n")
        with client:
            self.assertEqual(client.reply().status, 413)
        self.assertOpen(sid)

    def test_too_large_in_chunks_is_told_at_once(self):
        """Not when the last of them is there."""
        client, sid = self.post("Transfer-Encoding: chunked\r\n", "186a1\r\n" + "4" * 100001)
        with client:
            reply = client.reply()
            self.assertEqual((reply.status, reply.headers["connection"]), (413, "close"))
        self.assertOpen(sid)

    @once_of_three
    def test_body_that_nobody_takes(self):
        """It is answered before it comes."""
        for method, target, status in (("POST", "/nowhere", 404), ("PUT", "/nowhere", 404),
                                       ("PUT", POLLING, 400), ("DELETE", ENGINE, 400)):
            for framing in ("Content-Length: 90000\r\n", "Transfer-Encoding: chunked\r\n",
                            "Content-Length: 90000\r\nExpect: 100-continue\r\n"):
                with self.subTest(method=method, target=target, framing=framing), \
                        self.client() as client:
                    client.send(f"{method} {target} HTTP/1.1\r\nHost: h\r\n"
                                f"Origin: http://a.example\r\n{framing}\r\n")
                    reply = client.reply()
                    self.assertEqual(reply.status, status)
                    self.assertEqual(reply.headers["access-control-allow-origin"],
                                     "http://a.example")
                    self.assertEqual(reply.headers["connection"], "close")
                    client.until_closed(4)

    @once_of_three
    def test_body_that_nobody_takes_and_all_of_it(self):
        """The answer is not lost while the client still writes."""
        with self.client() as client:
            client.send(request("POST", "/nowhere", "x" * 60000))
            self.assertEqual(client.reply().status, 404)
            self.assertEqual(client.until_closed(4), b"")

    def test_endless_body_of_a_get(self):
        with self.client() as client, self.assertRaises((ConnectionResetError, BrokenPipeError)):
            client.send(f"GET {POLLING} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(1000):
                client.send("c350\r\n" + "4" * 50000 + "\r\n")

    def test_endless_chunks(self):
        chunk = "c350\r\n" + "4" * 50000 + "\r\n"
        client, sid = self.post("Transfer-Encoding: chunked\r\n", chunk)
        with client, self.assertRaises((ConnectionResetError, BrokenPipeError)):
            for _ in range(1000):
                client.send(chunk)
        self.assertOpen(sid)

    def test_broken_chunks(self):
        for chunks in ("x\r\n4hi\r\n0\r\n\r\n", "-1\r\n4hi\r\n", "ffffffffffffffffff\r\n4hi\r\n",
                       "3\r\n4hixx0\r\n\r\n"):
            with self.subTest(chunks=chunks):
                client, _ = self.post("Transfer-Encoding: chunked\r\n", chunks)
                with client:
                    client.finish()
                    self.assertNotIn(b"ok", client.until_closed())

    def test_ambiguous_lengths(self):
        many = "A:\r\n" * 100  # more than the server looks at
        for framing in ("Content-Length: 3\r\nContent-Length: 3\r\n",
                        "Content-Length: 3\r\nContent-Length: 4\r\n",
                        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
                        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
                        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
                        "Content-Length: 3\r\n" + many + "Content-Length: 4\r\n",
                        many + "Content-Length: 3\r\nContent-Length: 4\r\n",
                        many + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"):
            with self.subTest(framing=framing[:40], length=len(framing)):
                client, sid = self.post(framing, "4hi")
                with client:
                    self.assertIn(client.reply().status, (400, 431))
                    client.until_closed()
                self.assertOpen(sid)

    def test_lengths_that_are_none(self):
        for length in ("-1", "+3", "3, 3", "3x", "0x3", "x", "99999999999999999999", "3 3"):
            with self.subTest(length=length):
                client, sid = self.post(f"Content-Length: {length}\r\n", "4hi")
                with client:
                    self.assertIn(client.reply().status, (400, 413))
                self.assertOpen(sid)

    def test_encodings_that_are_none(self):
        for encoding in ("xchunked", "gzip", "chunked, gzip", "identity"):
            with self.subTest(encoding=encoding):
                client, _ = self.post(f"Transfer-Encoding: {encoding}\r\n", "0\r\n\r\n")
                with client:
                    client.finish()
                    answer = client.until_closed()
                    self.assertNotIn(b" 200 ", answer)

    def test_length_cut_off(self):
        client, sid = self.post("Content-Length: 10\r\n", "4hi")
        with client:
            client.finish()
            self.assertNotIn(b"ok", client.until_closed())
        self.assertOpen(sid)

    def test_expect_continue(self):
        client, _ = self.post("Content-Length: 3\r\nExpect: 100-continue\r\n", "")
        with client:
            self.assertEqual(client.reply().status, 100)
            client.send("4hi")
            self.assertEqual(client.reply().body, "ok")

    def test_body_of_a_get(self):
        with self.client() as client:
            self.assertEqual(client.ask("GET", POLLING, "x").status, 200)
            self.handshake(client)

    def test_other_methods(self):
        for method in ("PUT", "DELETE", "PATCH", "BREW", "TRACE"):
            with self.subTest(method=method):
                client, sid = self.post("", "", method)
                with client:
                    self.assertEqual(client.reply().status, 500)
                self.assertOpen(sid)


class Cors(PortTest):
    ORIGIN = "Origin: http://a.example\r\n"

    def test_preflight(self):
        with self.client() as client:
            reply = client.ask("OPTIONS", POLLING, headers=self.ORIGIN +
                               "Access-Control-Request-Method: POST\r\n"
                               "Access-Control-Request-Headers: authorization\r\n")
            self.assertEqual((reply.status, reply.body), (204, ""))
            self.assertEqual(reply.headers["access-control-allow-origin"], "http://a.example")
            self.assertEqual(reply.headers["access-control-allow-credentials"], "true")
            self.assertEqual(reply.headers["access-control-allow-methods"], "GET,POST")
            self.assertEqual(reply.headers["access-control-allow-headers"], "authorization")
            self.assertIn("Origin", reply.headers["vary"])
            self.handshake(client)

    def test_options_that_are_no_preflight(self):
        with self.client() as client:
            self.assertEqual(client.ask("OPTIONS", POLLING).status, 400)

    def test_replies_name_the_origin(self):
        with self.client() as client:
            for target, status in ((POLLING, 200), (ENGINE, 400)):
                reply = client.ask("GET", target, headers=self.ORIGIN)
                self.assertEqual(reply.status, status)
                self.assertEqual(reply.headers["access-control-allow-origin"], "http://a.example")
            self.assertNotIn("access-control-allow-origin", client.ask("GET", POLLING).headers)


if __name__ == "__main__":
    main()
