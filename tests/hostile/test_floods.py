#!/usr/bin/env python3
"""Plain HTTP without end, from those whom nobody knows: a bystander notices nothing."""

import threading
import time

from suite import PATIENCE, PATH, Client, HostileTest, main, request


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

    def test_requests_for_nothing(self):
        self.assertLess(self.flood(request("GET", "/nowhere")), 0.3)

    def test_requests_for_health(self):
        self.assertLess(self.flood(request("GET", "/health")), 0.3)

    def test_requests_without_a_transport(self):
        self.assertLess(self.flood(request("GET", PATH)), 0.3)


if __name__ == "__main__":
    main()
