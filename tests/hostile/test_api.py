#!/usr/bin/env python3
"""Strangers at the HTTP API of a relay, and clients with a key that mean harm. Who has a key is served
meanwhile."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "ports"))

from suite import add_rows  # noqa: E402
from support import PATIENCE  # noqa: E402

KEY = "the-key-of-the-hostile-suite"
CONNECTIONS = 16
EVENT = b'{"userId":"u1","bookingId":"b"}'
PATH = "/v1/events/booking.confirmed"
GROWTH = 64 * 1024  # KB that a row may leave behind, under the sanitizer too


def head(path=PATH, method="POST", key=KEY, length=len(EVENT), further=""):
    lines = [f"{method} {path} HTTP/1.1", "Host: relay", "Content-Type: application/json"]
    if key:
        lines.append(f"Authorization: Bearer {key}")
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n" + further + "\r\n").encode()


class Relay:
    """Without brokers: whoever is let in gets 503."""

    def __init__(self, program):
        self.folder = tempfile.mkdtemp(prefix="relay-")
        keys = os.path.join(self.folder, "keys")
        with open(keys, "w", encoding="ascii") as file:
            file.write(f"hostile {KEY}\n")
        environment = {
            "PATH": os.environ["PATH"], "REDIS_HOST": "127.0.0.1", "REDIS_PORT": "1",
            "RABBITMQ_HOST": "127.0.0.1", "RABBITMQ_PORT": "1", "SERVICE_HOST": "127.0.0.1",
            "OPS_PORT": "0", "LOG_DIR": "", "DRAIN_SECONDS": "0", "API_PORT": "0",
            "API_KEY_FILE": keys, "API_MAX_CONNECTIONS": str(CONNECTIONS), "API_RATE_LIMIT": "0",
            "ASAN_OPTIONS": "quarantine_size_mb=1:allocator_release_to_os_interval_ms=100"}
        self.log = os.path.join(self.folder, "output")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([program], env=environment, cwd=self.folder, stdout=log,
                                            stderr=subprocess.STDOUT)
        self.port = self.find_port()

    def output(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def find_port(self):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = re.search(r"HTTP API open .*port=(\d+)", self.output())
            if found:
                return int(found.group(1))
            time.sleep(0.02)
        self.process.kill()
        raise RuntimeError("the relay did not start:\n" + self.output())

    def stop(self):
        self.process.terminate()
        status = self.process.wait(PATIENCE)
        shutil.rmtree(self.folder, ignore_errors=True)
        return status

    def resident(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))


# Name, what is sent, and the status of the answer; None: closed without one, or with any error.
ROWS = [
    ("no key", head(key=None) + EVENT, 401),
    ("no key, an announced body of 4 GB", head(key=None, length=4 << 30), 401),
    ("no key, chunks without end", head(key=None, length=None, further="Transfer-Encoding: chunked\r\n")
     + b"1\r\nx\r\n" * 1000, 401),
    ("a key of 8 KB", head(key="x" * 8192) + EVENT, 401),
    ("a key in another scheme", head(key=None, further=f"Authorization: Basic {KEY}\r\n") + EVENT, 401),
    ("an announced body of 4 GB", head(length=4 << 30), 413),
    ("a length that overflows", head(length=1 << 80), None),
    ("a negative length", head(length=-1), None),
    ("two lengths", head(further="Content-Length: 5\r\n") + EVENT, 400),
    ("a length and chunks", head(further="Transfer-Encoding: chunked\r\n") + EVENT, 400),
    ("chunks", head(length=None, further="Transfer-Encoding: chunked\r\n") + b"0\r\n\r\n", 411),
    ("a header of 64 KB", head(further="X: " + "x" * 65536 + "\r\n") + EVENT, None),
    ("1000 headers", head(further="".join(f"X{i}: {i}\r\n" for i in range(1000))) + EVENT, None),
    ("a path of 12 KB", head("/v1/events/" + "x" * 12000) + EVENT, None),
    ("up and out", head("/v1/events/../../etc/passwd") + EVENT, 404),
    ("NUL in an escape", head("/v1/events/a%00b") + EVENT, 400),
    ("nested 100,000 deep", head(length=100000) + b"[" * 100000, 422),
    ("half a surrogate pair", head("/v1/users/u/leave", length=18) + b'{"room":"a\\ud800"}', 422),
    ("a user of 300 bytes", head("/v1/users/" + "u" * 300 + "/disconnect", length=0), 400),
    ("another method", head(method="DELETE") + EVENT, 405),
    ("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200, None),
    ("only line ends", b"\r\n" * 5000, None),
    ("served", head() + EVENT, 503),
]


class Api(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.relay = Relay(cls.program)
        cls.first = cls.relay.resident()

    @classmethod
    def tearDownClass(cls):
        assert cls.relay.stop() == 0, "the relay did not end well"

    def connect(self):
        client = socket.create_connection(("127.0.0.1", self.relay.port), PATIENCE)
        self.addCleanup(client.close)
        return client

    @staticmethod
    def status_of(client):
        """None: closed without an answer."""
        answer = b""
        try:
            while b"\r\n" not in answer:
                piece = client.recv(65536)
                if not piece:
                    return None
                answer += piece
        except ConnectionError:
            return None
        return int(answer.split()[1])

    def assertServed(self):
        client = self.connect()
        client.sendall(head() + EVENT)
        self.assertEqual(self.status_of(client), 503)

    def judge(self, says, expected):
        client = self.connect()
        try:
            client.sendall(says)
            client.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # closed before it had read all
        status = self.status_of(client)
        if expected is None:
            self.assertTrue(status is None or status >= 400, status)
        else:
            self.assertEqual(status, expected)
        self.assertServed()
        self.assertLess(self.relay.resident() - self.first, GROWTH)
        self.assertNotIn(KEY, self.relay.output())

    def test_strangers_cannot_hold_the_places(self):
        strangers = [self.connect() for _ in range(4 * CONNECTIONS)]
        for stranger in strangers:
            try:
                stranger.sendall(head(key=None)[:-4])
            except OSError:
                pass  # closed for another
        self.assertServed()

    def test_it_ends_well_while_clients_ask(self):
        relay = Relay(self.program)
        ended = threading.Event()
        answered = threading.Semaphore(0)

        def ask():
            while not ended.is_set():
                try:
                    with socket.create_connection(("127.0.0.1", relay.port), PATIENCE) as client:
                        while True:
                            client.sendall(head() + EVENT)
                            if not client.recv(65536):
                                break
                            answered.release()
                except OSError:
                    pass

        clients = [threading.Thread(target=ask) for _ in range(2 * CONNECTIONS)]
        for client in clients:
            client.start()
        try:
            for _ in range(10 * CONNECTIONS):
                self.assertTrue(answered.acquire(timeout=PATIENCE))
            self.assertEqual(relay.stop(), 0)
        finally:
            ended.set()
            for client in clients:
                client.join()

    def test_slow_bodies_cannot_hold_the_places(self):
        for _ in range(2 * CONNECTIONS):
            try:
                self.connect().sendall(head() + EVENT[:5])
            except OSError:
                pass
        self.assertServed()

    def test_a_request_has_to_be_whole_in_time(self):
        client = self.connect()
        client.settimeout(0.3)
        began = time.monotonic()
        try:
            for byte in head(further="X: " + "x" * 10000 + "\r\n"):
                client.sendall(bytes([byte]))
                try:
                    if not client.recv(100):
                        break
                except socket.timeout:
                    pass
                self.assertLess(time.monotonic() - began, PATIENCE, "still open")
        except ConnectionError:
            pass
        self.assertServed()

    def test_requests_behind_one_another(self):
        client = self.connect()
        client.sendall((head() + EVENT) * 50)
        answers = b""
        while answers.count(b"HTTP/1.1 503") < 50:
            piece = client.recv(65536)
            self.assertTrue(piece, answers.count(b"HTTP/1.1 503"))
            answers += piece
        self.assertServed()


add_rows(Api, ROWS, Api.judge)

if __name__ == "__main__":
    Api.program = os.path.abspath(sys.argv.pop(1))
    unittest.main()
