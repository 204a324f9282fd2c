#!/usr/bin/env python3
"""Socket.IO packets that are malformed, out of place or merely odd."""

from suite import (GONE, OPEN, POLLING, Client, HostileTest, SocketClient, WEBSOCKET_3, add_rows,
                   connect_packet, main, token)

PLACEHOLDER = '{"_placeholder":true,"num":%s}'
BAD, TOO_BIG = 1002, 1009  # a parse error, and what is longer than a stranger may say

# What a client says before it is connected, what it hears, and how it ends.
UNCONNECTED = [
    ("event before CONNECT", ['42["join_room",{}]'], [], BAD),
    ("event with an ack before CONNECT", ['421["join_room",{}]'], [], BAD),
    ("ack before CONNECT", ["430[]"], [], BAD),
    ("DISCONNECT before CONNECT", ["41"], [], BAD),
    ("CONNECT_ERROR before CONNECT", ["44{}"], [], BAD),
    ("binary event before CONNECT", ['451-["x",' + PLACEHOLDER % 0 + "]", b"x"], [], BAD),
    ("binary frame before CONNECT", [b"\x00\x01"], [], BAD),
    ("empty message", ["4"], [], BAD),
    ("CONNECT with an array", ["40[1]"], [], BAD),
    ("CONNECT with null", ["40null"], [], BAD),
    ("CONNECT with a string", ['40"x"'], [], BAD),
    ("CONNECT with a number", ["401"], ["44{*"], OPEN),  # an ack id, which means nothing
    ("CONNECT with broken JSON", ['40{"token":'], [], BAD),
    ("CONNECT with text behind the JSON", ["40{}x"], [], BAD),
    ("CONNECT with attachments", ["401-{}"], [], BAD),
    ("CONNECT with 65 KB of auth", ['40{"x":"' + "x" * 65000 + '"}'], ["44{*"], OPEN),
    ("CONNECT with 900 KB of auth", ['40{"x":"' + "x" * 900000 + '"}'], [], TOO_BIG),
    ("CONNECT nested 30,000 deep", ['40{"token":' + "[" * 30000 + "]" * 30000 + "}"], [], BAD),
    ("CONNECT nested 100,000 deep", ['40{"token":' + "[" * 100000 + "]" * 100000 + "}"], [], TOO_BIG),
    ("CONNECT nested without an end", ['40{"token":' + "[" * 65000], [], BAD),
    ("CONNECT with names of properties", ['40{"__proto__":{"token":"x"},"constructor":1}'],
     ['44{"message":"Authentication error: No token provided"}'], OPEN),
    ("CONNECT with a token of each name", ['40{"token":"x","token":null}'], ["44{*"], OPEN),
    ("CONNECT to an unknown namespace", ["40/x,"], ['44/x,{"message":"Invalid namespace"}'], OPEN),
    ("CONNECT to names that look like paths", ["40//evil/x,", "40/../admin,", "40/%2e,"],
     ["44//evil/x,*", "44/../admin,*", "44/%2e,*"], OPEN),
    ("CONNECT to a namespace of 64 KB", ["40/" + "x" * 65000 + ","], [], BAD),
    ("CONNECT to a namespace of 1 MB", ["40/" + "x" * 990000 + ","], [], TOO_BIG),
    ("CONNECT to a namespace without an end", ["40/x"], ["44/x,*"], OPEN),
    ("refused CONNECT, then an event", ["40", '42["join_room",{}]'], ["44{*"], BAD),
    ("CONNECT to 1000 unknown namespaces", [f"40/n{i}," for i in range(1000)],
     [f"44/n{i},*" for i in range(1000)], OPEN),
]

# The same for a client that is connected.
CONNECTED = [
    ("CONNECT twice", ["40"], [], BAD),
    ("CONNECT twice with a token", [connect_packet()], [], BAD),
    ("CONNECT fifty thousand times", ["40"] * 50000, [], BAD),
    ("CONNECT_ERROR", ['44{"message":"x"}'], [], BAD),
    ("DISCONNECT with a payload", ["41{}"], [], BAD),
    ("DISCONNECT, then an event", ["41", '42["x"]'], [], BAD),
    ("DISCONNECT, then CONNECT", ["41", connect_packet()], ["40{*", '42["connected"*'], OPEN),
    ("event in a namespace that is not connected", ['42/admin,["x"]'], [], BAD),
    ("unknown type", ["47"], [], BAD),
    ("letter for a type", ["4x"], [], BAD),
    ("event with an object", ["42{}"], [], BAD),
    ("event without elements", ["42[]"], [], BAD),
    ("event without a payload", ["42"], [], BAD),
    ("event named by an object", ['42[{"toString":"x"}]'], [], BAD),
    ("event named by an array", ["42[[]]"], [], BAD),
    ("event named by null", ["42[null]"], [], BAD),
    ("event named by a switch", ["42[true]"], [], BAD),
    ("event named by a number", ["42[7]"], [], OPEN),
    ("event cut off", ['42["a"'], [], BAD),
    ("event with text behind it", ['42["a"]x'], [], BAD),
    ("event with letters for an id", ['42abc["x"]'], [], BAD),
    ("event with a negative id", ['42-1["x"]'], [], BAD),
    ("event with an id of 22 digits", ['421234567890123456789012["x"]'], [], BAD),
    ("event with the largest id", ['429007199254740991["join_room",{}]'],
     ['439007199254740991[{"error":*'], OPEN),
    ("event named error", ['421["error",{}]'], [], OPEN),
    ("event named message", ['42["message","x"]'], [], OPEN),
    ("event named __proto__", ['421["__proto__"]'], [], OPEN),
    ("event named constructor", ['421["constructor",{}]'], [], OPEN),
    ("event named by nothing", ['421[""]'], [], OPEN),
    ("event named by 900 KB", ['42["' + "x" * 900000 + '"]'], [], OPEN),
    ("event with names of properties", ['421["join_room",{"__proto__":{"roomType":"conversation"}}]'],
     ['431[{"error":"Missing roomType or roomId"}]'], OPEN),
    ("event with lone surrogates", ['42["x","\\ud800","\\udc00\\ud800"]'], [], OPEN),
    ("event with odd numbers", ["42[\"x\",1e400,-0,1E-999,123456789012345678901234567890]"], [], OPEN),
    ("event with a number that is none", ['42["x",01]'], [], BAD),
    ("event with NaN", ['42["x",NaN]'], [], BAD),
    ("event with a trailing comma", ['42["x",]'], [], BAD),
    ("event with a control character", ['42["x","\x01"]'], [], BAD),
    ("event with NUL", ['42["x","\x00"]'], [], BAD),
    ("event with NUL behind it", ['42["x"]\x00'], [], BAD),
    ("event with 64 arguments", ['42["x"' + ",1" * 64 + "]"], [], OPEN),
    ("event with 65 arguments", ['42["x"' + ",1" * 65 + "]"], [], BAD),
    ("event with 400,000 arguments", ['42["x"' + ",1" * 400000 + "]"], [], BAD),
    ("event nested 64 deep", ['42["x",' + "[" * 63 + "]" * 63 + "]"], [], OPEN),
    ("event nested 66 deep", ['42["x",' + "[" * 65 + "]" * 65 + "]"], [], BAD),
    ("event nested 400,000 deep", ['42["x",' + "[" * 400000 + "]" * 400000 + "]"], [], BAD),
    ("objects nested 100,000 deep", ['42["x",' + '{"a":' * 100000 + "1" + "}" * 100000 + "]"], [], BAD),
    ("event with the same name 50,000 times", ['42["x",{' + ",".join(['"a":1'] * 50000) + "}]"], [],
     OPEN),
    ("ack for an unknown id", ["43999[1]"], [], OPEN),
    ("ack without an id", ["43[1]"], [], OPEN),
    ("ack with an object", ["430{}"], [], BAD),
    ("ack of 65 values", ["430[0" + ",1" * 65 + "]"], [], BAD),

    ("attachments: none", ['450-["x"]'], [], BAD),
    ("attachments: no number", ['45-["x"]'], [], BAD),
    ("attachments: no dash", ['451["x"]'], [], BAD),
    ("attachments: eleven", ['4511-["x"]'], [], BAD),
    ("attachments: a million digits", ["45" + "1" * 990000], [], BAD),
    ("attachments: negative", ['45-1-["x"]'], [], BAD),
    ("attachments: binary for nothing", [b"\x01\x02"], [], BAD),
    ("attachments: one too many", ['451-["x",' + PLACEHOLDER % 0 + "]", b"a", b"b"], [], BAD),
    ("attachments: text in the middle", ['452-["x"]', b"a", '42["x"]'], [], BAD),
    ("attachments: DISCONNECT in the middle", ['452-["x"]', b"a", "41"], [], BAD),
    ("attachments: as announced", ['452-["x"]', b"a", b""], [], OPEN),
    ("attachments: placeholder out of range", ['451-["x",' + PLACEHOLDER % 1 + "]"], [], BAD),
    ("attachments: placeholder of text", ['451-["x",' + PLACEHOLDER % '"splice"' + "]"], [], BAD),
    ("attachments: placeholder below zero", ['451-["x",' + PLACEHOLDER % -1 + "]"], [], BAD),
    ("attachments: placeholder of a fraction", ['451-["x",' + PLACEHOLDER % 0.5 + "]"], [], BAD),
    ("attachments: placeholder far away", ['451-["x",' + PLACEHOLDER % "1e9" + "]"], [], BAD),
    ("attachments: placeholder without a number", ['451-["x",{"_placeholder":true}]'], [], BAD),
    ("attachments: one for two placeholders",
     ['451-["x",' + PLACEHOLDER % 0 + "," + PLACEHOLDER % 0 + "]", b"a"], [], OPEN),
    ("attachments: over the size of a message", ['453-["x"]'] + [b"x" * 400000] * 3, [], BAD),
    ("attachments: of an ack that nobody wants", ['461-7[' + PLACEHOLDER % 0 + "]", b"a"], [], OPEN),
]

# Clients of Engine.IO 3 are in the root namespace by themselves, if they have a token.
VERSION_3 = [
    ("revision 3: CONNECT to the root", ["40"], [], BAD),
    ("revision 3: names that look like paths", ["40//evil/x", "40/a/../admin", "40/%2e"],
     ["44//evil/x,*", "44/a/../admin,*", "44/%2e,*"], OPEN),
    ("revision 3: a query without an end", ["40/x?" + "a=b&" * 200], ["44/x,*"], OPEN),
    ("revision 3: a query of 1 MB", ["40/x?" + "a=b&" * 200000], [], BAD),
    ("revision 3: broken escapes", ["40/x?%zz=%&%00=%ff"], ["44/x,*"], OPEN),
    ("revision 3: garbage", ["4garbage"], [], BAD),
]

# Several packets in one POST, and what becomes of the session.
PAYLOADS = [
    ("polling: CONNECT twice in one payload", [connect_packet(), "40"], 200, GONE),
    ("polling: event before CONNECT", ['42["x"]', connect_packet()], 200, GONE),
    ("polling: CONNECT and an event", [connect_packet(), '42["x"]'], 200, OPEN),
    ("polling: CONNECT twenty thousand times", ["40"] * 20000, 400, GONE),
    ("polling: CONNECT fifty thousand times", ["40"] * 50000, 413, OPEN),
    ("polling: 1000 unknown namespaces", [f"40/n{i}," for i in range(1000)], 200, OPEN),
    ("polling: 2000 packets", ["6"] * 2000, 200, OPEN),
    ("polling: 2001 packets", ["6"] * 2001, 400, GONE),
    ("polling: attachments", [connect_packet(), '452-["x"]', "bYQ==", "b"], 200, OPEN),
    ("polling: text in the middle of attachments", [connect_packet(), '452-["x"]', "bYQ==", '42["x"]'],
     200, GONE),
    ("polling: binary for nothing", [connect_packet(), "bYQ=="], 200, GONE),
]

# The same of a client that was let in, and so may say more at once.
PAYLOADS_OF_CLIENTS = [
    ("polling client: CONNECT fifty thousand times", ["40"] * 50000, 400, GONE),
    ("polling client: half a million packets", ["6"] * 499000, 400, GONE),
    ("polling client: 400,000 arguments", ['42["x"' + ",1" * 400000 + "]"], 200, GONE),
    ("polling client: nested 100,000 deep", ['42["x",' + "[" * 100000], 200, GONE),
]


class SocketIO(HostileTest):
    def unconnected(self, says, hears, end):
        with SocketClient(self.server, connect=False) as client:
            client.send_all(says)
            self.assertEnds(client, end, hears)

    def connected(self, says, hears, end):
        with SocketClient(self.server) as client:
            client.send_all(says)
            self.assertEnds(client, end, hears)

    def test_who_leaves_the_namespace_does_not_stay(self):
        """Outside it counts against no user, and no token ends it."""
        with SocketClient(self.server) as client:
            client.say("41")
            self.assertEqual(client.ending(), 1000)

    def version_3(self, says, hears, end):
        target = f"{WEBSOCKET_3}&token={token()}"
        with SocketClient(self.server, target, connect=False) as client:
            client.skip_to('42["connected"*')
            client.send_all(says)
            self.assertEnds(client, end, hears)

    def payload(self, packets, status, state):
        with Client(self.server) as client:
            sid = self.handshake(client)
            reply = client.ask("POST", f"{POLLING}&sid={sid}", "\x1e".join(packets))
            self.assertEqual(reply.status, status, reply.body)
            self.assertState(sid, state)

    def payload_of_client(self, packets, status, state):
        with Client(self.server) as client:
            sid = self.handshake(client)
            reply = client.ask("POST", f"{POLLING}&sid={sid}", connect_packet())
            self.assertEqual(reply.status, 200, reply.body)
            reply = client.ask("POST", f"{POLLING}&sid={sid}", "\x1e".join(packets))
            self.assertEqual(reply.status, status, reply.body)
            self.assertState(sid, state)


add_rows(SocketIO, UNCONNECTED, SocketIO.unconnected)
add_rows(SocketIO, CONNECTED, SocketIO.connected)
add_rows(SocketIO, VERSION_3, SocketIO.version_3)
add_rows(SocketIO, PAYLOADS, SocketIO.payload)
add_rows(SocketIO, PAYLOADS_OF_CLIENTS, SocketIO.payload_of_client)

if __name__ == "__main__":
    main()
