#!/usr/bin/env python3
"""Clients that come and go as fast as they can, where presence is kept: Redis is written to about
once a second for each user and room, members hear of it as often, and a bystander notices nothing."""

import itertools
import json
import os
import shutil
import tempfile
import time

from suite import PATIENCE, HostileTest, SocketClient, join_packet, main, once_of_three, token

LATENCY = 0.6  # seconds
SECONDS, ROUNDS = 2, 40  # of coming and going, at least
PACE = 0.03  # seconds, so that each change would be written if it had not to wait
WRITES = "ws_edge_presence_writes_total"
UNWRITTEN = "ws_edge_presence_unwritten"
LEAVE = '422["leave_room",{"roomType":"conversation","roomId":"%s"}]'


class Flapping(HostileTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="presence-")
        cls.addClassCleanup(shutil.rmtree, folder)
        path = os.path.join(folder, "gateway.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"users": {"presence": True, "graceSeconds": 0},
                       "rooms": {"conversation": {"join": "open", "announce": False,
                                                  "presence": True, "announceCount": True}}}, file)
        cls.settings = {**cls.settings, "GATEWAY_FILE": path}
        super().setUpClass()

    def writes_of(self, flap):
        """How often Redis was written to and how long that took, with all that was left to write."""
        self.settle()
        before, began, waits = self.server.metrics()[WRITES], time.monotonic(), []
        while time.monotonic() < began + SECONDS or len(waits) < ROUNDS:
            flap()
            waits.append(self.bystander.ask())
            time.sleep(PACE)
        self.settle()
        self.assertInTime(sorted(waits)[len(waits) * 9 // 10], LATENCY)
        return self.server.metrics()[WRITES] - before, time.monotonic() - began

    def settle(self):
        """Waits until Redis has all, and no entry has just been written."""
        time.sleep(1.2)
        deadline = time.monotonic() + PATIENCE
        while self.server.metrics()[UNWRITTEN] > 0 and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(self.server.metrics()[UNWRITTEN], 0)

    @once_of_three
    def test_user_who_comes_and_goes(self):
        """Without a grace, each time would be two writes."""
        there = []

        def flap():
            if there:
                there.pop().socket.close()
            else:
                there.append(SocketClient(self.server, auth=token({"id": "flapping"})))

        writes, seconds = self.writes_of(flap)
        for client in there:
            client.socket.close()
        self.assertGreater(writes, 1)
        self.assertLessEqual(writes, seconds + 3)

    @once_of_three
    def test_member_who_comes_and_goes(self):
        with SocketClient(self.server, auth=token({"id": "watching"})) as watcher, \
                SocketClient(self.server, auth=token({"id": "flapping"})) as client:
            watcher.say(join_packet(1, "counted"))
            watcher.skip_to('431[{"success":true,*')

            says = itertools.cycle([join_packet(2, "counted"), LEAVE % "counted"])

            def flap():
                client.say(next(says))
                client.skip_to('432[{"success":true,*')

            writes, seconds = self.writes_of(flap)
            client.say(LEAVE % "counted")
            client.skip_to('432[{"success":true,*')
            self.settle()
            watcher.say(join_packet(3, "counted"))
            told = [json.loads(text[2:])[1]["count"] for text in watcher.skip_to("433[*")
                    if text.startswith('42["room_count"')]
        self.assertGreater(writes, 1)
        self.assertLessEqual(writes, seconds + 3)
        self.assertLessEqual(len(told), seconds + 3)
        self.assertEqual(told[-1], 1)


if __name__ == "__main__":
    main()
