#!/usr/bin/env python3
"""Plain HTTP without end, from those whom nobody knows: a bystander notices nothing. And events for
services without end, which cost their sender alone."""

import json
import os
import shutil
import socket
import tempfile
import threading
import time

from suite import (PATIENCE, PATH, Client, HostileTest, SocketClient, join_packet, main,
                   once_of_three, request)

MAP = PATH + "socket.io.js.map"  # 310 KB
GZIP = "Accept-Encoding: gzip\r\n"
LATENCY = 0.6  # seconds; it was 0.8 to ten and more


class Flood:
    """Sends one request after the other without waiting for answers, and reads those that come."""

    def __init__(self, server, text, at_once=500):
        self.client = Client(server)
        self.client.socket.settimeout(PATIENCE)
        self.goes_on = True
        self.read = 0
        self.threads = [threading.Thread(target=self.write, args=(text.encode() * at_once,)),
                        threading.Thread(target=self.drain)]
        for thread in self.threads:
            thread.start()

    def write(self, text):
        try:
            while self.goes_on:
                self.client.send(text)
        except OSError:
            pass

    def drain(self):
        try:
            while piece := self.client.socket.recv(1 << 20):
                self.read += len(piece)
        except OSError:
            pass

    def stop(self):
        self.goes_on = False
        self.client.socket.shutdown(2)
        for thread in self.threads:
            thread.join()
        self.client.socket.close()


class Floods(HostileTest):
    settings = {"MAX_EVENTS_PER_SECOND": "0", "MAX_BYTES_PER_SECOND": "0",
                "MAX_ROOMS_PER_SOCKET": "2000"}

    def flood(self, text, connections=4, seconds=2):
        """How long a bystander waits at most; and that the floods are served at all."""
        floods = [Flood(self.server, text) for _ in range(connections)]
        waits = []
        try:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                waits.append(self.bystander.ask())
                time.sleep(0.02)
        finally:
            for flood in floods:
                flood.stop()
        for flood in floods:
            self.assertGreater(flood.read, 0)
        return max(waits)

    @once_of_three
    def test_requests_for_nothing(self):
        self.assertInTime(self.flood(request("GET", "/nowhere")), LATENCY)

    @once_of_three
    def test_requests_for_health(self):
        self.assertInTime(self.flood(request("GET", "/health")), LATENCY)

    @once_of_three
    def test_requests_without_a_transport(self):
        self.assertInTime(self.flood(request("GET", PATH)), LATENCY)

    @once_of_three
    def test_requests_for_a_file(self):
        self.assertInTime(self.flood(request("GET", MAP, headers=GZIP)), LATENCY)

    @once_of_three
    def test_requests_for_metrics(self):
        with SocketClient(self.server) as client:
            for i in range(1000):
                client.say(join_packet(i, f"room-{i}-{'x' * 100}"))
                client.hear()
            for headers in ("", GZIP, "Accept: text/plain\r\n", GZIP + "Accept: text/plain\r\n"):
                self.assertInTime(
                    self.flood(request("GET", "/metrics", headers=headers), seconds=1), LATENCY)

    def test_work_for_a_file(self):
        """It is compressed once, not for each who asks."""
        with Client(self.server) as client:
            client.ask("GET", MAP, headers=GZIP)
            before = self.server.cpu_seconds()
            for _ in range(200):
                client.ask("GET", MAP, headers=GZIP)
            self.assertLess(self.server.cpu_seconds() - before, 0.4)

    def test_files_that_nobody_takes(self):
        """All readers share one copy."""
        before = self.server.memory_kb()
        crowd = [Client(self.server) for _ in range(300)]
        for client in crowd:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.send(request("GET", MAP))
        time.sleep(2)
        self.assertLess(self.server.memory_kb() - before, 32 * 1024)
        for client in crowd:
            client.socket.close()


class Uplink(HostileTest):
    """Nothing leaves the stream here: there is no relay."""
    settings = {"MAX_EVENTS_PER_SECOND": "0", "MAX_EVENTS_PER_SECOND_PER_USER": "0",
                "MAX_BYTES_PER_SECOND": "0", "UPLINK_MAXLEN": "1000"}

    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="uplink-")
        cls.addClassCleanup(shutil.rmtree, folder)
        path = os.path.join(folder, "gateway.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"rooms": {"conversation": {"join": "open"}},
                       "clientEvents": {"where": {
                           "publish": {"exchange": "fleet", "routingKey": "client.where"},
                           "maxBytes": 65536, "perSecond": 20}}}, file)
        cls.settings = {**cls.settings, "GATEWAY_FILE": path}
        super().setUpClass()

    def length(self):
        return int(self.redis.command(b"EVAL", b"redis.call('SELECT', 1) return redis.call('XLEN', "
                                      b"'ws:uplink')", b"0")[1:])

    @once_of_three
    def test_events_for_services(self):
        says = ['42%d["where","%s"]' % (i, "x" * 60000) for i in range(50)]
        before, memory = self.length(), self.server.memory_kb()
        waits, began = [], time.monotonic()
        with SocketClient(self.server) as flood:
            for _ in range(30):
                flood.send_all(says)
                waits.append(self.bystander.ask())
                for _ in says:
                    self.assertTrue(flood.hear().startswith("43"))
        seconds = time.monotonic() - began
        self.assertLessEqual(self.length() - before, 20 + 20 * (seconds + 1))
        self.assertInTime(max(waits), LATENCY)
        self.assertLess(self.server.memory_kb() - memory, 32 * 1024)
        with SocketClient(self.server) as other:
            other.say('421["where",1]')
            other.skip_to('431[{"success":true}]')


if __name__ == "__main__":
    main()
