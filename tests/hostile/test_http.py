#!/usr/bin/env python3
"""HTTP requests to an edge: targets, queries and headers that mean harm, and foreign pages."""

import gzip
import time

from suite import (PATH, POLLING, WEBSOCKET, Client, HostileTest, SocketClient, add_rows,
                   connect_packet, main, once_of_three, request, token, upgrade_head)

UNKNOWN_TRANSPORT = '{"code":0,"message":"Transport unknown"}'
UNKNOWN_SID = '{"code":1,"message":"Session ID unknown"}'
BAD_METHOD = '{"code":2,"message":"Bad handshake method"}'
BAD_REQUEST = '{"code":3,"message":"Bad request"}'
FORBIDDEN = '{"code":4,"message":"Forbidden"}'
BAD_VERSION = '{"code":5,"message":"Unsupported protocol version"}'

# Method, target, further headers, body; status and body (None: not looked at). {sid} and {ws} are
# sessions on long-polling and on a WebSocket.
REQUESTS = [
    ("path: unknown", "GET", "/nowhere", "", None, 404, None),
    ("path: no slash behind it", "GET", "/socket.io?EIO=4&transport=polling", "", None, 404, None),
    ("path: two slashes", "GET", "//socket.io/?EIO=4&transport=polling", "", None, 404, None),
    ("path: absolute", "GET", "http://evil/socket.io/?EIO=4&transport=polling", "", None, 404, None),
    ("path: up and out", "GET", "/../../../../etc/passwd", "", None, 404, None),
    ("path: up from the client", "GET", PATH + "../../../etc/passwd", "", None, 400, UNKNOWN_TRANSPORT),
    ("path: up from a file", "GET", PATH + "socket.io.js/../../x", "", None, 404, None),
    ("path: up in escapes", "GET", PATH + "%2e%2e%2fsocket.io.js", "", None, 400, UNKNOWN_TRANSPORT),
    ("path: NUL in an escape", "GET", "/health%00", "", None, 404, None),
    ("path: POST to health", "POST", "/health", "", "x", 404, None),
    ("path: PUT to metrics", "PUT", "/metrics", "", "x", 404, None),
    ("path: 6 KB", "GET", "/" + "x" * 6000, "", None, 404, None),

    ("transport: none", "GET", PATH + "?EIO=4", "", None, 400, UNKNOWN_TRANSPORT),
    ("transport: empty", "GET", PATH + "?EIO=4&transport=", "", None, 400, UNKNOWN_TRANSPORT),
    ("transport: constructor", "GET", PATH + "?EIO=4&transport=constructor", "", None, 400, UNKNOWN_TRANSPORT),
    ("transport: __proto__", "GET", PATH + "?EIO=4&transport=__proto__", "", None, 400, UNKNOWN_TRANSPORT),
    ("transport: webtransport", "GET", PATH + "?EIO=4&transport=webtransport", "", None, 400, UNKNOWN_TRANSPORT),
    ("transport: 6 KB", "GET", PATH + "?EIO=4&transport=" + "x" * 6000, "", None, 400, UNKNOWN_TRANSPORT),
    ("transport: array", "GET", PATH + "?EIO=4&transport[]=polling", "", None, 400, UNKNOWN_TRANSPORT),
    ("transport: broken escape", "GET", PATH + "?EIO=4&transport=polling%zz", "", None, 400, UNKNOWN_TRANSPORT),
    ("transport: NUL", "GET", PATH + "?EIO=4&transport=polling%00", "", None, 400, UNKNOWN_TRANSPORT),
    ("transport: twice, the first counts", "GET", PATH + "?EIO=4&transport=x&transport=polling", "", None, 400, UNKNOWN_TRANSPORT),
    ("transport: WebSocket without an upgrade", "GET", WEBSOCKET, "", None, 400, BAD_REQUEST),
    ("transport: WebSocket of a session without an upgrade", "GET", WEBSOCKET + "&sid={sid}", "", None, 400, BAD_REQUEST),
    ("transport: polling of a WebSocket", "GET", POLLING + "&sid={ws}", "", None, 400, BAD_REQUEST),
    ("transport: POST to a WebSocket", "POST", POLLING + "&sid={ws}", "", "6", 400, BAD_REQUEST),

    ("version: none", "GET", PATH + "?transport=polling", "", None, 400, BAD_VERSION),
    ("version: 2", "GET", PATH + "?EIO=2&transport=polling", "", None, 400, BAD_VERSION),
    ("version: 5", "GET", PATH + "?EIO=5&transport=polling", "", None, 400, BAD_VERSION),
    ("version: 4.0", "GET", PATH + "?EIO=4.0&transport=polling", "", None, 400, BAD_VERSION),
    ("version: twice", "GET", PATH + "?EIO=4&EIO=9&transport=polling", "", None, 200, None),

    ("sid: empty is a handshake", "GET", POLLING + "&sid=", "", None, 200, None),
    ("sid: unknown", "GET", POLLING + "&sid=abc", "", None, 400, UNKNOWN_SID),
    ("sid: 6 KB", "GET", POLLING + "&sid=" + "x" * 6000, "", None, 400, UNKNOWN_SID),
    ("sid: NUL behind it", "GET", POLLING + "&sid={sid}%00", "", None, 400, UNKNOWN_SID),
    ("sid: a longer one", "POST", POLLING + "&sid={sid}A", "", "6", 400, UNKNOWN_SID),
    ("sid: __proto__", "GET", POLLING + "&sid=__proto__", "", None, 400, UNKNOWN_SID),

    ("method: POST without a sid", "POST", POLLING, "", "6", 400, BAD_METHOD),
    ("method: PUT without a sid", "PUT", POLLING, "", "6", 400, BAD_METHOD),
    ("method: PUT", "PUT", POLLING + "&sid={sid}", "", "6", 500, None),
    ("method: DELETE", "DELETE", POLLING + "&sid={sid}", "", None, 500, None),
    ("method: PATCH", "PATCH", POLLING + "&sid={sid}", "", "6", 500, None),
    ("method: one of its own", "HACK", POLLING + "&sid={sid}", "", None, 500, None),

    ("query: 500 parameters", "GET", POLLING + "&a=b" * 500, "", None, 200, None),
    ("query: separators", "GET", POLLING + "&&&=&=&", "", None, 200, None),
    ("query: a token of 6 KB", "GET", POLLING + "&token=" + "x" * 6000, "", None, 200, None),

    ("header: Origin with a control character", "GET", POLLING, "Origin: http://a\x01\r\n", None, 400, BAD_REQUEST),
    ("header: Origin with DEL", "GET", POLLING, "Origin: https://good.com\x7f\r\n", None, 400, BAD_REQUEST),
    ("header: 50 addresses", "GET", POLLING, "X-Forwarded-For: " + "1.2.3.4," * 50 + "\r\n", None, 200, None),
    ("header: addresses that are none", "GET", POLLING, "X-Forwarded-For: ,;\"\r\n" * 20, None, 200, None),
    ("header: Authorization of 5 KB", "GET", POLLING, f"Authorization: Bearer {'x' * 5000}\r\n", None, 200, None),
    ("header: 1200 cookies", "GET", POLLING, f"Cookie: {'a=b;' * 1200}\r\n", None, 200, None),
    ("header: cookies", "GET", POLLING, "Cookie: io={sid}; sid={sid}\r\n", None, 200, None),
    ("header: log injection", "GET", "/x\x1b[31mred", "User-Agent: \x1b]0;x\x07\r\n", None, 404, None),
    ("header: a length and a half", "POST", POLLING + "&sid={sid}", "Content-Length: 1\r\n", "6", 400, None),
]

# Origin (None: no such header), host, and whether the page may connect.
ORIGINS = [
    ("origin: none", None, "localhost", True),
    ("origin: listed", "https://good.com", "localhost", True),
    ("origin: its own", "http://localhost", "localhost", True),
    ("origin: foreign", "https://evil.com", "localhost", False),
    ("origin: null", "null", "localhost", False),
    ("origin: empty", "", "localhost", False),
    ("origin: below the listed", "https://x.good.com", "localhost", False),
    ("origin: begins like the listed", "https://good.com.evil.com", "localhost", False),
    ("origin: ends like the listed", "https://evilgood.com", "localhost", False),
    ("origin: the listed as a user", "https://good.com@evil.com", "localhost", False),
    ("origin: another port", "https://good.com:444", "localhost", False),
    ("origin: another scheme", "http://good.com", "localhost", False),
    ("origin: the listed and another", "https://good.com https://evil.com", "localhost", False),
    ("origin: own name with another port", "http://localhost:1", "localhost", False),
    ("origin: own, by a host that it made up", "https://evil.com", "good.com", False),
    ("origin: of 3 KB", "https://" + "x" * 3000, "localhost", False),
]


GET, POST, HOST = f"GET {POLLING}", f"POST {POLLING}&sid=x", "Host: h\r\n"

REFUSED_OR_CLOSED = (400, None)  # libmicrohttpd 1.0 closes without an answer

# Whole requests as they go over the wire, and the status. None: closed without one.
RAW = [
    ("raw: HTTP/0.9", "GET /health\r\n\r\n", 400),
    ("raw: HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ("raw: TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "\x00" * 100, None),
    ("raw: no host", f"{GET} HTTP/1.1\r\n\r\n", 400),
    ("raw: NUL in the method", f"GE\x00T {POLLING} HTTP/1.1\r\n{HOST}\r\n", REFUSED_OR_CLOSED),
    ("raw: NUL in the target", f"GET /he\x00alth HTTP/1.1\r\n{HOST}\r\n", REFUSED_OR_CLOSED),
    ("raw: NUL in a header", f"{GET} HTTP/1.1\r\n{HOST}A: \x00\r\n\r\n", 400),
    ("raw: NUL within a header", f"{GET} HTTP/1.1\r\n{HOST}A: b\x00c\r\nD: e\r\n\r\n", 400),
    ("raw: NUL and CR in a header", f"{GET} HTTP/1.1\r\n{HOST}A: b\x00\rc\r\n\r\n", 400),
    ("raw: NUL in a header's name", f"{GET} HTTP/1.1\r\n{HOST}A\x00B: c\r\n\r\n", 400),
    ("raw: NUL in place of the last line", f"{GET} HTTP/1.1\r\n{HOST}A: b\r\n\x00\r\n\r\n", 400),
    ("raw: CR within a header", f"{GET} HTTP/1.1\r\n{HOST}A: b\rc\r\n\r\n", 400),
    ("raw: a blank before a colon", f"{GET} HTTP/1.1\r\nHost: h\r\nA : b\r\n\r\n", 400),
    ("raw: a tab before a colon", f"{GET} HTTP/1.1\r\nHost: h\r\nA\t: b\r\n\r\n", 400),
    ("raw: an encoding before a blank", f"{POST} HTTP/1.1\r\n{HOST}Content-Length: 5\r\n"
     "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
    ("raw: a length before a blank", f"{POST} HTTP/1.1\r\n{HOST}Content-Length : 5\r\n\r\n66666", 400),
    ("raw: a header without a name", f"{GET} HTTP/1.1\r\n{HOST}: b\r\n\r\n", 400),
    ("raw: a header in brackets", f"{GET} HTTP/1.1\r\n{HOST}A(b): c\r\n\r\n", 200),
    ("raw: a header on two lines", f"{GET} HTTP/1.1\r\n{HOST}A: b\r\n c\r\n\r\n", 400),
    ("raw: an encoding on two lines", f"{POST} HTTP/1.1\r\n{HOST}Transfer-Encoding:\r\n chunked\r\n\r\n"
     "0\r\n\r\n", 400),
    ("raw: bare line feeds", f"{GET} HTTP/1.1\n{HOST}\n", 400),
    ("raw: two blanks in the first line", f"GET  {POLLING} HTTP/1.1\r\n{HOST}\r\n", 400),
    ("raw: a length and chunks", f"{POST} HTTP/1.1\r\n{HOST}Content-Length: 1\r\n"
     "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("raw: two lengths", f"{POST} HTTP/1.1\r\n{HOST}Content-Length: 1\r\nContent-Length: 2\r\n\r\n66",
     400),
    ("raw: an unknown encoding", f"{POST} HTTP/1.1\r\n{HOST}Transfer-Encoding: xchunked\r\n\r\n6",
     400),
    ("raw: a negative length", f"{POST} HTTP/1.1\r\n{HOST}Content-Length: -1\r\n\r\n", 400),
    ("raw: a length past 2^64", f"{POST} HTTP/1.1\r\n{HOST}Content-Length: 18446744073709551617\r\n\r\n6",
     413),
    ("raw: a chunk past 2^64", f"{POST} HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n"
     "1ffffffffffffffff\r\n6", 413),
]


class Http(HostileTest):
    def raw(self, data, expected):
        """On a new connection, and on one that has asked something."""
        for is_used in (False, True):
            with Client(self.server) as client:
                if is_used:
                    client.ask("GET", "/health")
                client.send(data)
                client.finish()
                heard = client.until_closed()
                status = int(heard.split(b" ")[1]) if heard.startswith(b"HTTP/1.") else None
                allowed = expected if isinstance(expected, tuple) else (expected,)
                self.assertIn(status, allowed, heard[:300])

    def test_reset_behind_a_refused_upgrade(self):
        """The refusal meets a connection that is no longer there."""
        for target in (f"{WEBSOCKET}&sid=x", PATH + "?EIO=9&transport=websocket",
                       PATH + "?EIO=4&transport=constructor"):
            for _ in range(50):
                client = Client(self.server)
                client.send(upgrade_head(target))
                client.reset()

    def test_body_that_grows_a_thousandfold(self):
        bomb = gzip.compress(b"4" * 100000000).decode("latin-1")
        before = self.server.memory_kb()
        with Client(self.server) as client:
            sid = self.handshake(client)
            client.ask("POST", f"{POLLING}&sid={sid}", connect_packet())  # a stranger may say less
            reply = client.ask("POST", f"{POLLING}&sid={sid}", bomb, "Content-Encoding: gzip\r\n")
            self.assertEqual(reply.status, 400)
            self.assertState(sid, "gone")
        self.assertLess(self.server.memory_kb(), before + 48 * 1024)

    def fill_in(self, text, sid, ws):
        return text.replace("{sid}", sid).replace("{ws}", ws)

    def requests(self, method, target, headers, body, status, expected):
        with Client(self.server) as client, SocketClient(self.server, connect=False) as socket:
            ids = self.handshake(client), socket.handshake.split('"')[3]
            reply = client.ask(method, self.fill_in(target, *ids), body,
                               self.fill_in(headers, *ids))
            self.assertEqual(reply.status, status, reply.body)
            if expected is not None:
                self.assertEqual(reply.body, expected)

    def origins(self, origin, host, allowed):
        header = "" if origin is None else f"Origin: {origin}\r\n"
        with Client(self.server) as client:
            client.send(f"GET {POLLING} HTTP/1.1\r\nHost: {host}\r\n{header}\r\n")
            reply = client.reply()
            self.assertEqual(reply.status, 200 if allowed else 403)
            self.assertEqual(reply.headers.get("access-control-allow-origin"),
                             origin if allowed else None)
            if not allowed:
                self.assertEqual(reply.body, FORBIDDEN)
        with Client(self.server) as client:
            client.send(f"GET {WEBSOCKET} HTTP/1.1\r\nHost: {host}\r\n{header}"
                        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
            self.assertEqual(client.reply().status, 101 if allowed else 403)

    def test_url_of_64_kb(self):
        with Client(self.server) as client:
            client.send(f"GET {POLLING}&x={'x' * 65536} HTTP/1.1\r\nHost: h\r\n\r\n")
            self.assertEqual(client.reply().status, 431)

    def test_hundred_thousand_headers(self):
        with Client(self.server) as client:
            try:
                client.send(f"GET {POLLING} HTTP/1.1\r\nHost: h\r\n" + "A: b\r\n" * 100000 + "\r\n")
            except OSError:
                pass
            self.assertIn(b" 431 ", client.until_closed()[:20] or b" 431 ")

    def test_cookies_that_fill_the_memory_of_a_connection(self):
        """Only the connection is lost."""
        for count in range(300, 1000, 50):
            with Client(self.server) as client:
                self.handshake(client)
                client.send(request("GET", POLLING, headers=f"Cookie: {'a=b;' * count}\r\n"))
                client.finish()
                client.until_closed()

    def test_secrets_are_shown_nowhere(self):
        secret = token({"id": "somebody"})
        with SocketClient(self.server, auth=secret), Client(self.server) as client:
            for target in ("/metrics", "/health"):
                body = client.ask("GET", target, headers="Accept: text/plain\r\n").body
                for word in (secret, secret.split(".")[2], "a secret of the tests", "somebody@"):
                    self.assertNotIn(word, body)

    def test_labels_are_not_the_clients_to_choose(self):
        before = len(self.server.metrics())
        with SocketClient(self.server) as client:
            for i in range(50):
                client.say(f'42["made_up_{i}",{{}}]')
                client.say(f'42["join_room",{{"roomType":"conversation","roomId":"r{i}"}}]')
            self.assertEnds(client, "open")
        with Client(self.server) as client:
            for i in range(50):
                client.ask("GET", f"/x{i}")
        self.assertEqual(len(self.server.metrics()), before)

    @once_of_three
    def test_hundred_connections_that_ask_nothing(self):
        """Each is closed at its deadline, also with half a request."""
        silent = [Client(self.server) for _ in range(100)]
        for client in silent[::2]:
            client.send("GET /socket.io/?EIO=4 HTTP/1.1\r\nHo")
        began = time.monotonic()
        for client in silent:
            self.assertEqual(client.until_closed(), b"")
            client.socket.close()
        self.assertInTime(time.monotonic() - began, 5)


add_rows(Http, REQUESTS, Http.requests)
add_rows(Http, ORIGINS, Http.origins)
add_rows(Http, RAW, Http.raw)

if __name__ == "__main__":
    main()
