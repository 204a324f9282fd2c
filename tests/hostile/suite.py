"""The frame of the hostile tests: tables of rows, each a test, and after each a healthy client.

Each class has an edge of its own. When all its tests are over, the edge must be as it was: the same
sessions, descriptors and memory, and a loop that sleeps.
"""

import fnmatch
import queue
import re
import sys
import threading
import time
import unittest

from edge import PATIENCE, Edge, Redis, token
from support import (BINARY, CLOSE, PING, PONG, TEXT, Client, Late, frame, once_of_three, request,
                     upgrade_head)

PATH = "/socket.io/"
POLLING = PATH + "?EIO=4&transport=polling"
WEBSOCKET = PATH + "?EIO=4&transport=websocket"
POLLING_3 = PATH + "?EIO=3&transport=polling"
WEBSOCKET_3 = PATH + "?EIO=3&transport=websocket"

OPEN, GONE = "open", "gone"

# Gauges that say what an edge holds.
BOOKS = ["ws_edge_connections", "ws_edge_websockets", "ws_edge_sessions",
         "ws_edge_sessions_websocket", "ws_edge_sockets", "ws_edge_rooms"]
BYSTANDER_ALONE = dict(zip(BOOKS, [1, 1, 1, 1, 1, 2]))  # in its own room and in one more
MEMORY_MARGIN_KB = 48 * 1024  # the allocator's own habits; what is lost grows beyond it
IDLE_SECONDS, IDLE_CPU = 2, 0.1


def add_rows(cls, rows, judge):
    """Each row is a test of its name: judge(self, *the rest of the row)."""
    for name, *rest in rows:
        method = "test_" + re.sub(r"\W+", "_", name).strip("_")
        if hasattr(cls, method):
            raise RuntimeError(f"two rows are named {name}")

        def test(self, rest=tuple(rest)):
            judge(self, *rest)
        test.__doc__ = name
        setattr(cls, method, test)


def connect_packet(auth=None):
    return '40{"token":"%s"}' % (auth or token())


def join_packet(ack, room="lobby"):
    return '42%d["join_room",{"roomType":"conversation","roomId":"%s"}]' % (ack, room)


class SocketClient(Client):
    """A WebSocket with an Engine.IO session, and a Socket.IO client on it if that is wanted."""

    def __init__(self, server, target=WEBSOCKET, connect=True, headers=None, auth=None):
        super().__init__(server)
        reply = self.upgrade(target, headers)
        if reply.status != 101:
            raise AssertionError(f"no upgrade but {reply.status}: {reply.body}")
        self.handshake = self.hear()
        if connect:
            self.say(connect_packet(auth))
            self.skip_to("40{*")
            self.skip_to('42["connected"*')

    def send_all(self, says):
        """A closing server may reset the connection while there is more to say."""
        try:
            self.send(b"".join(frame(BINARY, says_) if isinstance(says_, bytes)
                               else frame(TEXT, says_.encode("utf-8", "surrogatepass"))
                               for says_ in says))
        except (BrokenPipeError, ConnectionResetError):
            pass

    def skip_to(self, pattern):
        """The texts up to the one that fits, which is the last."""
        heard = []
        while not heard or not fits(pattern, heard[-1]):
            heard.append(self.hear())
        return heard

    def ending(self):
        """The code of the server's close frame; what it says before is passed over."""
        try:
            while True:
                opcode, payload = self.take_frame()
                if opcode == CLOSE:
                    return int.from_bytes(payload[:2], "big") if payload else 1005
        except (EOFError, ConnectionResetError):
            return None


def fits(pattern, text):
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


class Bystander:
    """A client that was there before and notices nothing: answers heartbeats, on a thread."""

    def __init__(self, server):
        self.client = SocketClient(server)
        self.heard = queue.Queue()
        self.asked = 0
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def listen(self):
        try:
            while True:
                self.client.socket.settimeout(60)
                self.heard.put(self.client.hear())
        except (OSError, EOFError, AssertionError) as error:
            self.heard.put(f"ended: {error!r}")

    def ask(self):
        """How long an answer takes, in seconds."""
        self.asked += 1
        began = time.monotonic()
        self.client.say(join_packet(self.asked))
        while True:
            text = self.heard.get(timeout=PATIENCE)
            if text.startswith("ended"):
                raise AssertionError("a healthy client was cut off: " + text)
            if text.startswith(f"43{self.asked}["):
                return time.monotonic() - began

    def stop(self):
        self.client.socket.shutdown(2)
        self.thread.join(PATIENCE)
        self.client.socket.close()


class HostileTest(unittest.TestCase):
    program = None
    settings = {}
    files = None  # descriptors that the edge may have

    @classmethod
    def setUpClass(cls):
        cls.redis = Redis()
        cls.addClassCleanup(cls.redis.stop)
        cls.server = Edge(cls.program, cls.redis, cls.settings, cls.files)
        cls.addClassCleanup(cls.server.kill)
        cls.bystander = Bystander(cls.server)
        for _ in range(3):
            cls.serve_a_healthy_client()
        cls.at_first = cls.await_books(None)

    @classmethod
    def tearDownClass(cls):
        try:
            cls.await_books(cls.at_first)
            cls.check_idle()
            cls.bystander.stop()
        finally:
            status, output = cls.server.stop()
        if status != 0 or "runtime error" in output or "Sanitizer" in output:
            raise AssertionError(f"the edge ended with {status}:\n{output[-20000:]}")
        if "eyJ" in output:
            raise AssertionError("a token stands in the log")
        if re.search(r"[\x00-\x08\x0b-\x1f\x7f]", output):
            raise AssertionError("a control character stands in the log")

    @classmethod
    def measure(cls):
        # Before the metrics are asked for: on a busy machine that connection is still open at the edge
        # when the client has read its answer.
        descriptors = cls.server.descriptors()
        metrics = cls.server.metrics()
        return {**{name: metrics[name] for name in BOOKS}, "memory": cls.server.memory_kb(),
                "descriptors": descriptors}

    @classmethod
    def await_books(cls, first):
        """Waits until what hostile clients left behind has been cleared away; returns what is left."""
        expected = {name: first[name] for name in BOOKS} if first else BYSTANDER_ALONE
        deadline = time.monotonic() + 2 * PATIENCE
        while True:
            cls.bystander.ask()
            now = cls.measure()
            late = {name: (now[name], wanted) for name, wanted in expected.items()
                    if now[name] != wanted}
            if not late and not cls.has_grown(first, now):
                return now
            if time.monotonic() > deadline:
                raise AssertionError(f"not as it was: {late}\n{now}\nat first {first}\n"
                                     f"{cls.server.open_files()}\n{cls.server.output[-4000:]}")
            time.sleep(0.2)

    @staticmethod
    def has_grown(first, now):
        return first and (now["memory"] > first["memory"] + MEMORY_MARGIN_KB or
                          now["descriptors"] > first["descriptors"])

    @classmethod
    def check_idle(cls):
        """There come seconds in which it does nothing; what turns in a circle has none."""
        deadline = time.monotonic() + PATIENCE
        while True:
            began = cls.server.cpu_seconds()
            time.sleep(IDLE_SECONDS)
            spent = cls.server.cpu_seconds() - began
            if spent <= IDLE_CPU:
                return
            if time.monotonic() > deadline:
                raise AssertionError(f"{spent} s of CPU in {IDLE_SECONDS} s of idling")

    @classmethod
    def serve_a_healthy_client(cls):
        with SocketClient(cls.server) as client:
            client.say(join_packet(7, "healthy"))
            client.skip_to('437[{"success":true,*')
        with Client(cls.server) as client:
            sid = cls.handshake(client)
            reply = client.ask("POST", f"{POLLING}&sid={sid}", connect_packet())
            if reply.body != "ok":
                raise AssertionError(f"a healthy client got {reply.status} {reply.body}")
            heard = client.ask("GET", f"{POLLING}&sid={sid}").body
            if not heard.startswith("40{"):
                raise AssertionError(f"a healthy client heard {heard}")
            client.ask("POST", f"{POLLING}&sid={sid}", "1")

    def tearDown(self):
        self.assertTrue(self.server.is_alive(), "the edge has ended")
        self.bystander.ask()
        self.serve_a_healthy_client()

    def assertInTime(self, seconds, limit, words=None):
        if seconds >= limit:
            raise Late(f"{seconds} s, and {limit} s are the limit: {words}")

    @staticmethod
    def handshake(client, target=POLLING):
        """A session on long-polling; its sid."""
        body = client.ask("GET", target).body
        found = re.search(r'"sid":"([\w-]+)"', body)
        if not found:
            raise AssertionError("no handshake but " + body)
        return found.group(1)

    def assertState(self, sid, state, target=POLLING):
        noop = "1:6" if "EIO=3" in target else "6"
        deadline = time.monotonic() + PATIENCE
        while True:
            with Client(self.server) as client:
                reply = client.ask("POST", f"{target}&sid={sid}", noop)
            if state == OPEN or reply.status == 400 or time.monotonic() > deadline:
                break
            time.sleep(0.02)
        self.assertEqual(OPEN if reply.status == 200 else GONE, state, reply.body)

    def assertEnds(self, client, end, hears=()):
        """`end`: OPEN, or the code that the server closes with. An open one is asked for a
        namespace that there is not, which it answers behind everything else."""
        if end == OPEN:
            client.send_all(["40/probe,"])
            heard = client.skip_to("44/probe,*")[:-1]
            self.assertEqual(len(heard), len(hears), heard)
            for pattern, text in zip(hears, heard):
                self.assertTrue(fits(pattern, text), f"{text[:300]} is not {pattern}")
            return
        for pattern in hears:
            text = client.hear()
            self.assertTrue(fits(pattern, text), f"{text[:300]} is not {pattern}")
        self.assertEqual(client.ending(), end)


__all__ = ["BINARY", "Client", "GONE", "HostileTest", "OPEN", "PATH", "PATIENCE", "PING", "POLLING",
           "POLLING_3", "SocketClient", "TEXT", "WEBSOCKET", "WEBSOCKET_3", "add_rows",
           "connect_packet", "fits", "frame", "join_packet", "main", "once_of_three", "request", "token",
           "upgrade_head"]


def main():
    """usage: test_….py WS-EDGE [options of unittest]"""
    if len(sys.argv) < 2:
        sys.exit(f"usage: {sys.argv[0]} WS-EDGE")
    HostileTest.program = sys.argv.pop(1)
    unittest.main()
