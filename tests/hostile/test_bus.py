#!/usr/bin/env python3
"""Hostile bytes on the bus: whoever can publish there is trusted, but a broken program is not a
reason to end."""

import os
import time

from suite import PATIENCE, HostileTest, add_rows, main

BUS, CONTROL = b"ws:bus:{0}", b"ws:control"


def field(number, kind, payload):
    return bytes([number << 3 | kind]) + payload


def text(number, value):
    return field(number, 2, bytes([len(value)]) + value)


PUBLISHED = [
    ("bus: nothing", BUS, b""),
    ("bus: a zero", BUS, b"\x00"),
    ("bus: text", BUS, b"hello"),
    ("bus: JSON", BUS, b'{"room":"user:u1"}'),
    ("bus: a length of 2^63", BUS, b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
    ("bus: a length of 2^31", BUS, b"\x0a\xff\xff\xff\xff\x07x"),
    ("bus: a number without an end", BUS, b"\x08" + b"\xff" * 20),
    ("bus: the wrong types", BUS, b"".join(field(i, 0, b"\x01") for i in range(1, 15))),
    ("bus: unknown fields", BUS, b"".join(text(15, b"x" * 100) for _ in range(10000))),
    ("bus: groups", BUS, b"\x0b" * 10000),
    ("bus: 8 MB of zeros", BUS, b"\x00" * 8000000),
    ("bus: 8 MB of one field", BUS, b"\x0a\x80\xa4\xe8\x03" + b"x" * 8000000),
    ("bus: text that is no UTF-8", BUS, text(1, b"\xff\xfe") + text(2, b"\x00")),
    ("control: nothing", CONTROL, b""),
    ("control: text", CONTROL, b"drain"),
    ("control: a length of 2^63", CONTROL, b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
    ("control: the wrong types", CONTROL, b"".join(field(i, 0, b"\x01") for i in range(1, 15))),
    ("control: 8 MB of zeros", CONTROL, b"\x00" * 8000000),
]


class Bus(HostileTest):
    def malformed(self):
        return self.server.metrics()["ws_edge_envelopes_malformed_total"]

    def published(self, channel, message):
        """The edge takes what is published in order: when the byte behind the message, which
        means nothing, is counted, or the message itself, the message is done with."""
        before = self.malformed()
        for one in (message, b"\xff"):
            self.assertEqual(self.redis.command(b"PUBLISH", channel, one), b":1")
        deadline = time.monotonic() + PATIENCE
        while self.malformed() == before:
            self.assertLess(time.monotonic(), deadline, "the edge has not taken the message")
            time.sleep(0.02)

    def test_chance(self):
        for size in (1, 10, 100, 1000, 10000):
            for _ in range(100):
                self.redis.command(b"PUBLISH", BUS, os.urandom(size))
                self.redis.command(b"PUBLISH", CONTROL, os.urandom(size))
        deadline = time.monotonic() + PATIENCE
        while self.malformed() <= 100:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)


add_rows(Bus, PUBLISHED, Bus.published)

if __name__ == "__main__":
    main()
