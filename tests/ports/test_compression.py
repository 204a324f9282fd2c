#!/usr/bin/env python3
"""permessage-deflate on the client port: what is agreed on, and what goes over the wire then."""

import zlib

from support import BINARY, KEY, TEXT, WEBSOCKET, PortTest, frame, main

THRESHOLD = 1024  # bytes of the smallest packet that echo-server compresses
PLAIN = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
TAIL = b"\x00\x00\xff\xff"


def deflate(data):
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH))[:-len(TAIL)]


def inflate(data):
    return zlib.decompressobj(-15).decompress(data + TAIL)


def bomb(size):
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"".join(stream.compress(b"\0" * 1000000) for _ in range(size // 1000000))
    return (packed + stream.flush(zlib.Z_SYNC_FLUSH))[:-len(TAIL)]


class Compression(PortTest):
    options = ("--compression",)

    def agree(self, client, offer="permessage-deflate; client_max_window_bits"):
        headers = ("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                   f"Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Extensions: {offer}\r\n")
        reply = client.upgrade(WEBSOCKET, headers)
        self.assertEqual(reply.status, 101)
        self.assertEqual(client.hear()[0], "0")
        return reply.headers.get("sec-websocket-extensions")

    def take(self, client):
        """(compressed, opcode, payload) of the next frame."""
        reserved = client.peek() & 0x40
        opcode, payload = client.take_frame()
        return bool(reserved), opcode, inflate(payload) if reserved else payload

    def test_agreed(self):
        for offer, answer in (
                ("permessage-deflate", PLAIN),
                ("permessage-deflate; client_max_window_bits", PLAIN),
                ("permessage-deflate; server_max_window_bits=10", None),
                ("permessage-deflate; server_max_window_bits=10, permessage-deflate", PLAIN),
                ("x-webkit-deflate-frame", None),
                ("permessage-deflate; nonsense", None)):
            with self.subTest(offer=offer), self.client() as client:
                self.assertEqual(self.agree(client, offer), answer)

    def test_large_packets_are_compressed(self):
        with self.client() as client:
            self.agree(client)
            for size, compressed in ((THRESHOLD - 1, False), (THRESHOLD, True), (300000, True)):
                with self.subTest(size=size):
                    text = b"4" + b"ab" * (size // 2) + b"c" * (size % 2)
                    client.frame(TEXT, text[:size])
                    self.assertEqual(self.take(client), (compressed, TEXT, text[:size]))

    def test_binary(self):
        with self.client() as client:
            self.agree(client)
            client.frame(BINARY, b"\xfe" * 5000)
            self.assertEqual(self.take(client), (True, BINARY, b"\xfe" * 5000))

    def test_noise_goes_out_as_it_is(self):
        noise = bytes((i * i * 7919 >> 8 ^ i * 104729) & 0xff for i in range(2000))
        with self.client() as client:
            self.agree(client)
            client.frame(BINARY, noise)
            self.assertEqual(self.take(client)[2], noise)

    def test_compressed_from_the_client(self):
        with self.client() as client:
            self.agree(client)
            for text in (b"4hi", b"4" + b"x" * 999999):
                with self.subTest(size=len(text)):
                    client.frame(TEXT, deflate(text), reserved=4)
                    self.assertEqual(self.take(client)[2], text)

    def test_compressed_in_fragments(self):
        packed = deflate(b"4" + b"hello " * 100)
        with self.client() as client:
            self.agree(client)
            client.frame(TEXT, packed[:5], final=False, reserved=4)
            client.frame(0, packed[5:7], final=False)
            client.frame(0, packed[7:])
            self.assertEqual(client.hear(), "4" + "hello " * 100)

    def test_compressed_or_not_in_turn(self):
        with self.client() as client:
            self.agree(client)
            for i in range(10):
                text = b"4%d" % i
                if i % 2:
                    client.frame(TEXT, text)
                else:
                    client.frame(TEXT, deflate(text), reserved=4)
                self.assertEqual(client.hear(), text.decode())

    def test_broken(self):
        for what, data, code in (
                ("a gigabyte in a megabyte", frame(BINARY, bomb(1000000000)[:999000], reserved=4),
                 1009),
                ("one byte too many", frame(BINARY, deflate(b"\0" * 1000001), reserved=4), 1009),
                ("garbage", frame(TEXT, b"\xff" * 20, reserved=4), 1007),
                ("reserved block type", frame(TEXT, b"\x07", reserved=4), 1007),
                ("cut off", frame(TEXT, deflate(b"4" + b"xyz" * 100)[:-3], reserved=4), 1007),
                ("refers to the message before",
                 frame(TEXT, b"\xf2\x00\x11\x00\x00", reserved=4), 1007),
                ("no UTF-8 within", frame(TEXT, deflate(b"4\xff\xfe"), reserved=4), 1007),
                ("RSV1 on a continuation",
                 frame(TEXT, b"4", final=False) + frame(0, b"x", reserved=4), 1002),
                ("RSV1 on a ping", frame(9, b"x", reserved=4), 1002)):
            with self.subTest(what=what), self.client() as client:
                self.agree(client)
                client.send(data)
                self.assertEqual(client.close_code(), code)

    def test_without_an_offer(self):
        with self.client() as client:
            client.upgrade()
            client.hear()
            client.frame(TEXT, b"4" + b"x" * 2000)
            self.assertEqual(self.take(client), (False, TEXT, b"4" + b"x" * 2000))
            client.frame(TEXT, deflate(b"4hi"), reserved=4)
            self.assertEqual(client.close_code(), 1002)


if __name__ == "__main__":
    main()
