"""What the tests of the client port share: the server under test, and clients that say exactly
what a test wants said, one segment at a time."""

import functools
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time
import unittest

ENGINE = "/engine.io/"
POLLING = ENGINE + "?EIO=4&transport=polling"
WEBSOCKET = ENGINE + "?EIO=4&transport=websocket"
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # of that key (RFC 6455, 1.3)
TCP_STATES = {f"{i + 1:02X}": name for i, name in enumerate(
    "established syn-sent syn-received fin-wait-1 fin-wait-2 time-wait closed close-wait last-ack "
    "listening closing".split())}
PATIENCE = 30  # seconds that an answer may take on a busy machine

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Late(AssertionError):
    """A limit of time was missed."""


def once_of_three(test):
    """For tests with a limit of time. A machine that stands still makes a time longer and never
    shorter: what was in time once, is in time. What is always late is late three times."""
    @functools.wraps(test)
    def run(self, *args):
        for tries_left in (2, 1, 0):
            try:
                return test(self, *args)
            except (socket.timeout, Late):
                if tries_left == 0:
                    raise
        return None
    return run


class Server:
    """An echo-server of our own, on a port that the kernel picked."""

    def __init__(self, program, *options):
        self.process = subprocess.Popen(
            [program, "--port", "0", *options], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        self.output = ""
        for line in self.process.stdout:
            self.output += line
            found = re.search(r"listening .*port=(\d+)", line)
            if found:
                self.port = int(found.group(1))
                return
        raise RuntimeError("the server did not start:\n" + self.output)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def open_files(self):
        """What the descriptors are, for whoever wonders about their number."""
        folder = f"/proc/{self.process.pid}/fd"
        connections = self.connections()
        files = [(fd, os.readlink(f"{folder}/{fd}")) for fd in os.listdir(folder)]
        return [f"{fd} {connections.get(name, name)}" for fd, name in files]

    def connections(self):
        """{'socket:[inode]': 'port of ours, port of the peer, state of TCP'}"""
        with open(f"/proc/{self.process.pid}/net/tcp", encoding="ascii") as table:
            rows = [row.split() for row in table.readlines()[1:]]
        return {f"socket:[{row[9]}]": f"tcp {int(row[1].split(':')[1], 16)} "
                                      f"{int(row[2].split(':')[1], 16)} {TCP_STATES[row[3]]}"
                for row in rows}

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_kb(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))

    def is_alive(self):
        return self.process.poll() is None

    def stop(self):
        """Ends it; returns its exit status and all that it said."""
        self.process.send_signal(signal.SIGTERM)
        try:
            rest, _ = self.process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            rest, _ = self.process.communicate()
            rest += "\nit did not stop by itself"
        return self.process.returncode, self.output + rest


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class Client:
    """One TCP connection."""

    def __init__(self, server):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.unread = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))

    def drip(self, data, size=1, pause=0.001):
        data = data.encode("latin-1")
        for at in range(0, len(data), size):
            self.socket.sendall(data[at:at + size])
            time.sleep(pause)

    def finish(self):
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def _fill(self):
        piece = self.socket.recv(65536)
        if not piece:
            raise EOFError("the server closed the connection")
        self.unread += piece

    def _take(self, count):
        while len(self.unread) < count:
            self._fill()
        taken, self.unread = self.unread[:count], self.unread[count:]
        return taken

    def reply(self, has_body=True):
        while b"\r\n\r\n" not in self.unread:
            self._fill()
        head = self._take(self.unread.index(b"\r\n\r\n") + 4).decode("latin-1").split("\r\n")
        status = int(head[0].split(" ")[1])
        headers = {}
        for line in head[1:-2]:
            name, value = line.split(":", 1)
            headers[name.lower()] = value.strip()
        length = int(headers.get("content-length", 0)) if has_body and status != 204 else 0
        return Reply(status, headers, self._take(length).decode("latin-1"))

    def ask(self, method, target, body=None, headers=""):
        self.send(request(method, target, body, headers))
        return self.reply(has_body=method != "HEAD")

    def until_closed(self, patience=PATIENCE):
        """All that still comes. Fails when the server does not close in time."""
        self.socket.settimeout(patience)
        try:
            while True:
                self._fill()
        except (EOFError, ConnectionResetError, BrokenPipeError):
            pass
        rest, self.unread = self.unread, b""
        return rest

    def hears_nothing(self, seconds=0.2):
        self.socket.settimeout(seconds)
        try:
            self._fill()
        except socket.timeout:
            return not self.unread
        finally:
            self.socket.settimeout(PATIENCE)
        return False

    # WebSocket

    def upgrade(self, target=WEBSOCKET, headers=None, behind=b""):
        self.send(upgrade_head(target, headers).encode() + behind)
        return self.reply()

    def frame(self, opcode, payload=b"", final=True, reserved=0):
        self.send(frame(opcode, payload, final, reserved))

    def say(self, text):
        self.frame(TEXT, text.encode())

    def peek(self):
        """The first byte that was not taken yet."""
        while not self.unread:
            self._fill()
        return self.unread[0]

    def take_frame(self):
        first, second = self._take(2)
        length = second & 0x7f
        if length == 126:
            length, = struct.unpack(">H", self._take(2))
        elif length == 127:
            length, = struct.unpack(">Q", self._take(8))
        return first & 0x0f, self._take(length)

    def hear(self):
        """The next text, heartbeats left out."""
        while True:
            opcode, payload = self.take_frame()
            if opcode == TEXT and payload == b"2":
                self.say("3")
            elif opcode == TEXT:
                return payload.decode("latin-1")
            else:
                raise AssertionError(f"no text but opcode {opcode}: {payload[:50]}")

    def close_code(self):
        opcode, payload = self.take_frame()
        if opcode != CLOSE:
            raise AssertionError(f"no close but opcode {opcode}: {payload[:50]}")
        return struct.unpack(">H", payload[:2])[0] if payload else 1005


def request(method, target, body=None, headers=""):
    length = "" if body is None else f"Content-Length: {len(body)}\r\n"
    return f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n{length}{headers}\r\n{body or ''}"


def upgrade_head(target=WEBSOCKET, headers=None, line=None):
    line = line or f"GET {target} HTTP/1.1"
    headers = headers or (f"Upgrade: websocket\r\nConnection: Upgrade\r\n"
                          f"Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n")
    return f"{line}\r\nHost: localhost\r\n{headers}\r\n"


def frame(opcode, payload=b"", final=True, reserved=0, mask=b"\x11\x22\x33\x44"):
    head = bytes([(0x80 if final else 0) | reserved << 4 | opcode])
    if len(payload) < 126:
        head += bytes([0x80 | len(payload)])
    elif len(payload) < 65536:
        head += bytes([0x80 | 126]) + struct.pack(">H", len(payload))
    else:
        head += bytes([0x80 | 127]) + struct.pack(">Q", len(payload))
    pad = (mask * (len(payload) // 4 + 1))[:len(payload)]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(pad, "big")
    return head + mask + masked.to_bytes(len(payload), "big")


class PortTest(unittest.TestCase):
    """Each class has a server of its own, which must end well. After each test a healthy client
    is served as if nothing had happened."""

    program = None
    options = ()

    @classmethod
    def setUpClass(cls):
        cls.server = Server(cls.program, *cls.options)

    @classmethod
    def tearDownClass(cls):
        status, output = cls.server.stop()
        if status != 0 or "runtime error" in output or "Sanitizer" in output:
            raise AssertionError(f"the server ended with {status}:\n{output}")

    def tearDown(self):
        self.assertTrue(self.server.is_alive(), "the server has ended")
        with self.client() as client:
            sid = self.handshake(client)
            self.assertEqual(client.ask("POST", f"{POLLING}&sid={sid}", "4hi").body, "ok")
            self.assertEqual(client.ask("GET", f"{POLLING}&sid={sid}").body, "4hi")
            self.assertEqual(client.ask("POST", f"{POLLING}&sid={sid}", "1").body, "ok")
        with self.websocket() as client:
            client.say("4hi")
            self.assertEqual(client.hear(), "4hi")

    def client(self):
        return Client(self.server)

    def websocket(self):
        client = self.client()
        self.assertEqual(client.upgrade().status, 101)
        self.assertEqual(client.hear()[0], "0")
        return client

    def handshake(self, client):
        reply = client.ask("GET", POLLING)
        self.assertEqual((reply.status, reply.body[:1]), (200, "0"))
        return json.loads(reply.body[1:])["sid"]

    def assertGone(self, sid):
        """Asked with a noop, which changes nothing and brings no message to a held poll."""
        deadline = time.monotonic() + PATIENCE
        while True:
            with self.client() as client:
                reply = client.ask("POST", f"{POLLING}&sid={sid}", "6")
            if reply.status == 400 and reply.json()["code"] == 1:
                return
            self.assertLess(time.monotonic(), deadline, "the session is still there")
            time.sleep(0.02)

    def assertBackTo(self, descriptors):
        deadline = time.monotonic() + PATIENCE
        while self.server.descriptors() > descriptors:
            self.assertLess(time.monotonic(), deadline,
                            f"{self.server.descriptors()} descriptors, at first {descriptors}")
            time.sleep(0.1)

    def assertIdle(self):
        """There comes a second in which it does nothing; what turns in a circle has none."""
        deadline = time.monotonic() + PATIENCE
        while True:
            before = self.server.cpu_seconds()
            time.sleep(1)
            spent = self.server.cpu_seconds() - before
            if spent <= 0.05:
                return
            self.assertLess(time.monotonic(), deadline, f"{spent} s of CPU in a second")

    def assertOpen(self, sid):
        with self.client() as client:
            self.assertEqual(client.ask("POST", f"{POLLING}&sid={sid}", "4hi").status, 200)


def main():
    """usage: test_….py ECHO-SERVER [options of unittest]"""
    if len(sys.argv) < 2:
        sys.exit(f"usage: {sys.argv[0]} ECHO-SERVER")
    PortTest.program = sys.argv.pop(1)
    unittest.main()
