#!/usr/bin/env python3
"""Clients that come and go, say nothing, or say it slowly: nothing of them stays behind."""

import ctypes
import json
import os
import socket
import time
import unittest

from support import (PATIENCE, Client, Late, POLLING, PortTest, Server, main, once_of_three, request,
                     upgrade_head)

COUNT = 500
PIDFD_GETFD = 438  # the number of the system call


class Aborts(PortTest):
    def held_poll(self):
        client = self.client()
        sid = self.handshake(client)
        client.send(request("GET", f"{POLLING}&sid={sid}"))
        self.assertTrue(client.hears_nothing(0.1))
        return client, sid

    def test_close_while_a_poll_is_held(self):
        client, sid = self.held_poll()
        client.socket.close()
        self.assertGone(sid)

    def test_reset_while_a_poll_is_held(self):
        client, sid = self.held_poll()
        client.reset()
        self.assertGone(sid)

    def test_end_while_a_poll_is_held(self):
        client, sid = self.held_poll()
        client.finish()
        self.assertGone(sid)
        client.socket.close()

    def test_poll_and_end_at_once(self):
        client = self.client()
        sid = self.handshake(client)
        client.send(request("GET", f"{POLLING}&sid={sid}"))
        client.finish()
        self.assertGone(sid)
        client.socket.close()

    def test_poll_and_end_at_once_on_a_new_connection(self):
        with self.client() as first:
            sid = self.handshake(first)
            client = self.client()
            client.send(request("GET", f"{POLLING}&sid={sid}"))
            client.finish()
            self.assertGone(sid)
            client.socket.close()

    def test_poll_and_reset_at_once(self):
        with self.client() as first:
            sid = self.handshake(first)
            client = self.client()
            client.send(request("GET", f"{POLLING}&sid={sid}"))
            client.reset()
            self.assertGone(sid)

    def test_pipelined_poll_and_end(self):
        client = self.client()
        sid = self.handshake(client)
        target = f"{POLLING}&sid={sid}"
        client.ask("POST", target, "4a")
        client.send(request("GET", target) + request("GET", target))
        client.finish()
        self.assertEqual(client.reply().body, "4a")
        self.assertGone(sid)
        client.socket.close()

    def test_end_while_a_reply_is_not_read(self):
        """What has ended and cannot go on yet is left alone."""
        client = self.client()
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        target = f"{POLLING}&sid={self.handshake(client)}"
        client.ask("POST", target, "4" + "x" * 900000)
        client.send(request("GET", target))
        time.sleep(0.2)
        client.finish()
        self.assertIdle()
        client.reset()

    def test_many_polls_are_given_up_together(self):
        polls = [self.held_poll() for _ in range(20)]
        for client, _ in polls:
            client.socket.close()
        for _, sid in polls:
            self.assertGone(sid)


class Memory(PortTest):
    options = ("--ping-interval", "60000")

    def per_poll(self, count, limit):
        """KB that a held poll takes, whose session has said something."""
        before = self.server.memory_kb()
        crowd = [self.client() for _ in range(count)]
        for client in crowd:
            target = f"{POLLING}&sid={self.handshake(client)}"
            client.ask("POST", target, "4hi")
            client.ask("GET", target)
            client.send(request("GET", target))
        deadline = time.monotonic() + PATIENCE
        while True:  # until what is empty has been given back
            used = (self.server.memory_kb() - before) / count
            if used < limit or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        for client in crowd:
            client.socket.close()
        return used

    def test_held_polls(self):
        """A connection could hold a head of 16 KB and all that the library notes of it."""
        self.per_poll(300, limit=16)  # what the allocator keeps is not counted
        self.assertLess(self.per_poll(300, limit=16), 16)

    def test_what_is_read_ahead_outlives_the_wait(self):
        """The memory that is given back is the empty one only."""
        with self.client() as client, self.client() as other:
            target = f"{POLLING}&sid={self.handshake(client)}"
            posts = [request("POST", target, "4" + "x" * 3000) for _ in range(6)]
            client.send(request("GET", target) + "".join(posts)[:18000])
            time.sleep(1.5)
            other.ask("POST", target, "4a")
            self.assertEqual(client.reply().body, "4a")
            client.send("".join(posts)[18000:] + request("GET", target))
            self.assertEqual([client.reply().body for _ in range(6)], ["ok"] * 6)
            self.assertEqual(client.reply().body, "\x1e".join(["4" + "x" * 3000] * 6))


class Deadlines(PortTest):
    options = ("--head-timeout", "500")

    @once_of_three
    def test_silence(self):
        """The kernel holds a silent connection back for a moment before the server sees it."""
        began = time.monotonic()
        with self.client() as client:
            self.assertEqual(client.until_closed(6), b"")
            self.assertGreater(time.monotonic() - began, 0.4)

    @once_of_three
    def test_partial_head(self):
        began = time.monotonic()
        with self.client() as client:
            client.send("GET / HTTP/1.1\r\n")
            self.assertEqual(client.until_closed(3), b"")
            self.assertGreater(time.monotonic() - began, 0.4)

    @once_of_three
    def test_dripping_does_not_help(self):
        with self.client() as client:
            began = time.monotonic()
            with self.assertRaises((ConnectionResetError, BrokenPipeError)):
                client.drip("GET / HTTP/1.1\r\nX: " + "x" * 1000, pause=0.02)
            if time.monotonic() - began > 3:
                raise Late("it was borne for too long")

    def test_a_whole_head_has_no_deadline(self):
        with self.client() as client:
            self.handshake(client)
            time.sleep(0.8)
            self.handshake(client)
        with self.websocket() as client:
            time.sleep(0.8)
            client.say("4hi")
            self.assertEqual(client.hear(), "4hi")


class Heartbeats(PortTest):
    INTERVAL, TIMEOUT = 0.3, 3
    options = ("--ping-interval", "300", "--ping-timeout", "3000")

    def test_websocket_without_a_pong(self):
        with self.websocket() as client:
            self.assertEqual(client.take_frame(), (1, b"2"))
            client.until_closed()

    def test_websocket_with_pongs(self):
        with self.websocket() as client:
            end = time.monotonic() + 1.5 * (self.INTERVAL + self.TIMEOUT)
            while time.monotonic() < end:
                self.assertEqual(client.take_frame(), (1, b"2"))
                client.say("3")

    def test_poll_without_a_pong(self):
        with self.client() as client:
            sid = self.handshake(client)
            self.assertEqual(client.ask("GET", f"{POLLING}&sid={sid}").body, "2")
            self.assertGone(sid)


class Silence(PortTest):
    """Who is without a network for a while is given up by its heartbeat, not before by the kernel."""

    options = ("--ping-interval", "25000", "--ping-timeout", "60000")

    def sockets(self):
        """Of the server: copies."""
        libc, process = ctypes.CDLL(None, use_errno=True), self.server.process.pid
        pidfd = os.pidfd_open(process)
        for number in os.listdir(f"/proc/{process}/fd"):
            if os.readlink(f"/proc/{process}/fd/{number}").startswith("socket:"):
                with socket.socket(fileno=libc.syscall(PIDFD_GETFD, pidfd, int(number), 0)) as copy:
                    yield copy
        os.close(pidfd)

    def user_timeouts(self):
        """Of all its connections, in ms."""
        return [copy.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
                for copy in self.sockets() if copy.family == socket.AF_INET and
                not copy.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)]

    def test_patience_of_the_kernel(self):
        with self.websocket(), self.client() as client:
            self.handshake(client)
            self.assertEqual(self.user_timeouts(), [85000, 85000])


class Crowd(PortTest):
    def come_and_go(self, greeting, leave):
        self.tearDown()  # what the first clients leave behind for good is there now
        before = self.server.descriptors()
        crowd = [self.client() for _ in range(COUNT)]
        for client in crowd:
            client.send(greeting)
        for client in crowd:
            leave(client)
        self.assertBackTo(before)
        self.assertIdle()


class CrowdsThatWait(Crowd):
    options = ("--head-timeout", "1000")

    def test_silent_until_their_deadline(self):
        crowd = []
        self.come_and_go("", crowd.append)
        for client in crowd:
            client.socket.close()


class Crowds(Crowd):
    options = ("--head-timeout", "300000")  # longer than it takes to make a crowd

    def test_silent(self):
        self.come_and_go("", lambda client: client.socket.close())

    def test_partial_heads(self):
        self.come_and_go("GET / HT", lambda client: client.socket.close())

    def test_partial_heads_that_end(self):
        crowd = []
        self.come_and_go("GET / HT", lambda client: (client.finish(), crowd.append(client)))
        for client in crowd:
            client.socket.close()

    def test_handshakes(self):
        self.come_and_go(request("GET", POLLING), lambda client: client.socket.close())

    def test_handshakes_reset(self):
        self.come_and_go(request("GET", POLLING), lambda client: client.reset())

    def test_websockets(self):
        self.come_and_go(upgrade_head(), lambda client: client.socket.close())

    def test_websockets_reset(self):
        self.come_and_go(upgrade_head(), lambda client: client.reset())

    def test_idle_with_a_crowd(self):
        """Held polls, WebSockets and half heads cost nothing while nothing happens."""
        crowd = []
        for i in range(60):
            client = self.client()
            if i % 3 == 0:
                sid = self.handshake(client)
                client.send(request("GET", f"{POLLING}&sid={sid}"))
            elif i % 3 == 1:
                client.upgrade()
                client.hear()
            else:
                client.send("GET / HTTP/1.1\r\nHos")
            crowd.append(client)
        self.assertIdle()
        for client in crowd:
            client.socket.close()


class Ends(unittest.TestCase):
    def test_the_server_says_goodbye(self):
        server = Server(PortTest.program)
        with Client(server) as websocket, Client(server) as poll, Client(server) as partial, \
                Client(server) as idle:
            self.assertEqual(websocket.upgrade().status, 101)
            websocket.hear()
            sid = json.loads(poll.ask("GET", POLLING).body[1:])["sid"]
            poll.send(request("GET", f"{POLLING}&sid={sid}"))
            partial.send("GET / HT")
            idle.ask("GET", POLLING)
            self.assertTrue(poll.hears_nothing())
            status, output = server.stop()
            self.assertEqual(websocket.close_code(), 1001)
            self.assertEqual(poll.reply().body, "1")
            self.assertEqual((partial.until_closed(), idle.until_closed()), (b"", b""))
        self.assertEqual(status, 0, output)


if __name__ == "__main__":
    main()
