#!/usr/bin/env python3
"""Those who begin something and never end it: all at once, each until its deadline."""

import select
import time

from suite import (POLLING, Client, HostileTest, SocketClient, main, request)

SLACK = 6  # seconds that a deadline may be late on a busy machine
CPU_PER_SECOND = 0.05

TOLD = ("body", "chunks", "second_head")  # why they are closed
ATTACHMENTS_S, REQUEST_S, IDLE_S = 60, 20, 75


class Patience(HostileTest):
    # No heartbeat cuts a wait short.
    settings = {"PING_INTERVAL": "200000", "PING_TIMEOUT": "200000"}

    def attachments(self):
        client = SocketClient(self.server)
        client.send_all(['453-["x"]', b"x" * 300000, b"y" * 300000])
        return client

    def body(self):
        client = Client(self.server)
        sid = self.handshake(client)
        client.send(f"POST {POLLING}&sid={sid} HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n4")
        return client

    def chunks(self):
        client = Client(self.server)
        sid = self.handshake(client)
        client.send(f"POST {POLLING}&sid={sid} HTTP/1.1\r\nHost: h\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n1\r\n4\r\n")
        return client

    def second_head(self):
        client = Client(self.server)
        self.handshake(client)
        client.send(request("GET", POLLING)[:-2])
        return client

    def second_request_line(self):
        client = Client(self.server)
        self.handshake(client)
        client.send("GET ")
        return client

    def idle(self):
        client = Client(self.server)
        client.ask("GET", "/health")
        return client

    def test_all_of_them(self):
        kinds = [(self.attachments, ATTACHMENTS_S, b""), (self.body, REQUEST_S, b"x"),
                 (self.chunks, REQUEST_S, b"1\r\nx\r\n"), (self.second_head, REQUEST_S, b"x"),
                 (self.second_request_line, IDLE_S, b"x"), (self.idle, IDLE_S, b"")]
        waiting = {}
        for begin, seconds, drip in kinds:
            for _ in range(20):
                client = begin()
                waiting[client.socket.fileno()] = (client, begin.__name__, seconds, drip)
        began, cpu = time.monotonic(), self.server.cpu_seconds()
        while waiting:
            passed = time.monotonic() - began
            self.assertLess(passed, IDLE_S + SLACK, {kind for _, kind, _, _ in waiting.values()})
            time.sleep(1)
            self.bystander.ask()
            for number in select.select(list(waiting), [], [], 0)[0]:
                client, kind, seconds, _ = waiting.pop(number)
                heard = client.until_closed(1)
                if kind in TOLD:
                    self.assertTrue(heard.startswith(b"HTTP/1.1 408 "), (kind, heard))
                self.assertGreater(passed, seconds - SLACK, kind)
                self.assertLess(passed, seconds + SLACK, kind)
                client.socket.close()
            for client, _, _, drip in waiting.values():
                try:
                    client.send(drip)  # a byte a second is no progress
                except OSError:
                    pass
        spent = self.server.cpu_seconds() - cpu
        self.assertLess(spent, CPU_PER_SECOND * (time.monotonic() - began))


if __name__ == "__main__":
    main()
