"""A model of events that act: services take users out of rooms, let them in and disconnect them by
entries of the log, while edges follow it each at its own pace, clients drop and recover, Redis goes
away and edges are killed.

An action is an entry in the shard of its user's room. An edge carries it out when it comes to it; a
client that was away finds it in the log at its recovery. recovery_model.py has what is promised
without actions, and what happens when Redis forgets or an edge's memory does not go back far enough;
here neither does. What clients get is judged as they get it, and once more when all has come to rest:

  out        nothing of a room after the action that took the user out, nor after an acked leave, and
             nothing at all after a disconnection, unless the user has come in again since
  complete   all from the action on that let the user in, or from the ack of a join, for those who
             are in the room at the end
  once       no event twice within a session, and those of one shard in their order

Events of other shards than the user's have no order to the action, and are judged for the order of
their shard alone. In runs with one shard there are none.

A variant leaves one rule of the design out. The model must find fault with every variant and with
the design never; test_actions.py sees to both.
"""

import random

from recovery_model import Broken

VARIANTS = {
    "missed": "a recovery does not look for actions",
    "heard": "a recovery looks for actions above the client's offset alone",
    "undone": "a leave does not note the newest action that has let the client in",
    "premature": "a leave notes that action before Redis has the room",
    "live": "an edge lets a client in by an action that its session has been through",
    "stays": "what the room said between a leave and a join is replayed",
    "since": "an action ends a later join of the client too",
    "late": "who is let in enters when that is written",
    "slow": "who is taken out leaves when that is written",
    "kept": "a recovery does not take the client out of the room, only its replay ends",
}

ROOMS = 4
# How often each thing happens, out of all steps.
STEPS = dict(say=14, act=7, follow=34, receive=24, write=18, drop=4, arrive=9, proceed=9, join=4, leave=4,
             kill=0.5, away=0.5, back=3)


class Session:
    """As it stands in Redis."""

    def __init__(self, generation, began):
        self.generation, self.began = generation, began
        self.rooms = {}  # room -> cut at which it was joined
        self.acted = 0  # the newest action that the rooms reflect


class Socket:
    """A connection as its edge sees it. The client may have left long ago."""

    def __init__(self, client, pid, generation, began):
        self.client, self.pid, self.generation, self.began = client, pid, generation, began
        self.rooms = {}
        self.joins = {}  # room -> cut; their write is under way
        self.leaves = {}  # room -> the write that is under way; the socket is still in it
        self.acted = 0
        self.unwritten = False  # Redis lacks some of it
        self.outbox = []  # ((shard, position, room), offset)


class Edge:
    def __init__(self, had):
        self.had = had
        self.sockets, self.claims, self.writes = [], [], []


class Client:
    def __init__(self, name):
        self.name = name
        self.pid = self.offset = self.socket = self.edge = None
        self.begin(None)

    def begin(self, began):
        """A fresh session: what the one before promised is void."""
        self.began = began
        self.facts = {}  # room -> [(place in the user's shard, whether the client is in it; None: perhaps)]
        self.got = {}  # shard -> positions

    def note(self, room, place, state):
        """At an edge that is behind, what was said at another one comes before what it delivers next."""
        before = [(min(earlier, place), other) for earlier, other in self.facts.get(room, [])]
        self.facts[room] = [*before, (place, state)]


class World:
    def __init__(self, seed, variant=None, shards=1, edges=3, clients=3):
        self.random = random.Random(seed)
        self.variant, self.shards = variant, shards
        self.logs = [[] for _ in range(shards)]  # entries (position, room or None, action or None)
        self.position, self.next_pid, self.redis_up, self.store = 0, 0, True, {}
        self.edges = [Edge([0] * shards) for _ in range(edges)]
        self.clients = [Client(n) for n in range(clients)]
        self.count = dict(recovered=0, refused=0, carried=0, missed=0)

    def own(self, client):
        """The shard of the user's room."""
        return client.name % self.shards

    # ---- the log, and edges that follow it

    def say(self):
        self.position += 1
        room = self.random.randrange(ROOMS)
        self.logs[room % self.shards].append((self.position, room, None))

    def act(self):
        """Half of the actions have an event for the room."""
        self.position += 1
        client, room = self.random.choice(self.clients), self.random.randrange(ROOMS)
        what = self.random.choices(("leave", "join", "disconnect"), (10, 10, 1))[0]
        told = room if what != "disconnect" and self.random.random() < 0.5 else None
        self.logs[self.own(client)].append((self.position, told, (what, client, room)))

    def newest(self, shard):
        return self.logs[shard][-1][0] if self.logs[shard] else 0

    def follow(self, edge, shard):
        entry = next((e for e in self.logs[shard] if e[0] > edge.had[shard]), None)
        if entry is None:
            return
        before, edge.had[shard] = edge.had[shard], entry[0]
        position, room, action = entry
        if action and action[0] == "join":
            self.carry_out(edge, position, before, *action)
        for socket in edge.sockets:
            if room is not None and room in socket.rooms:
                socket.outbox.append(((shard, position, room), tuple(edge.had)))
        if action and action[0] != "join":
            self.carry_out(edge, position, before, *action)

    def carry_out(self, edge, position, before, what, client, room):
        for socket in [s for s in edge.sockets if s.client is client]:
            self.count["carried"] += 1
            if what == "disconnect":
                self.end_socket(edge, socket)
            elif what == "leave":
                self.expel(edge, socket, room)
            elif position > socket.acted or self.variant == "live":
                self.admit(edge, socket, room, position, before)

    def expel(self, edge, socket, room):
        socket.joins.pop(room, None)
        if room in socket.rooms:
            socket.leaves[room] = object()
        self.write_leave(edge, socket, room, asked=False)
        if self.variant != "slow":
            self.get_out(socket, room)

    def admit(self, edge, socket, room, position, before):
        """The event of the action is for who is let in too."""
        socket.acted = position
        socket.joins.pop(room, None)
        self.get_out_if_leaving(socket, room)
        if room in socket.rooms:
            return
        joined = list(edge.had)
        joined[self.own(socket.client)] = before
        if self.variant == "late":
            socket.joins[room] = tuple(joined)
            self.write_join(edge, socket, room, asked=False)
        else:
            socket.rooms[room] = tuple(joined)
            socket.unwritten = True

    # ---- Redis

    def write(self, edge, socket, apply):
        """`apply` gets the session, unless another connection has it."""
        def answered():
            session = self.store.get(socket.pid)
            if session is not None and session.generation == socket.generation:
                apply(session)
        edge.writes.append(answered)

    def record_of(self, socket):
        """Writes all that Redis may lack."""
        rooms = {room: cut for room, cut in socket.rooms.items() if room not in socket.leaves}
        rooms.update(socket.joins)
        acted = socket.acted
        socket.unwritten = False

        def apply(session):
            session.rooms, session.acted = rooms, max(session.acted, acted)
        return apply

    def write_join(self, edge, socket, room, asked=True):
        joined = socket.joins[room]

        def apply(session):
            session.rooms[room] = joined
            if socket.joins.get(room) == joined and socket in edge.sockets:
                socket.rooms[room] = socket.joins.pop(room)
                if asked:
                    self.note(edge, socket, room, True)
        self.write(edge, socket, apply)

    def write_leave(self, edge, socket, room, asked=True):
        """While the rooms of actions are to be written, not the leave says how far the actions go, but
        the record, which goes to Redis together with it."""
        whole = socket.unwritten and self.variant != "premature"
        acted = 0 if whole or self.variant == "undone" else socket.acted
        record = self.record_of(socket) if whole else None
        leave = socket.leaves.get(room)

        def apply(session):
            session.rooms.pop(room, None)
            session.acted = max(session.acted, acted)
            if record:
                record(session)
            if leave and socket.leaves.get(room) is leave:
                self.get_out(socket, room)
                if asked and socket in edge.sockets:
                    self.note(edge, socket, room, False)
        self.write(edge, socket, apply)

    @staticmethod
    def get_out(socket, room):
        socket.leaves.pop(room, None)
        socket.rooms.pop(room, None)

    def get_out_if_leaving(self, socket, room):
        if room in socket.leaves:
            self.get_out(socket, room)

    def note(self, edge, socket, room, state):
        socket.client.note(room, edge.had[self.own(socket.client)], state)

    def answer_write(self, edge):
        if self.redis_up and edge.writes:
            edge.writes.pop(0)()

    def interrupt(self, edge):
        """Of what is under way a part arrives."""
        for answered in edge.writes[:self.random.randrange(len(edge.writes) + 1)]:
            if self.redis_up:
                answered()
        lost, edge.writes = bool(edge.writes), []
        return lost

    def go_away(self):
        """What is under way is given up after a while: joins are refused, leaves done all the same."""
        for edge in self.edges:
            lost = self.interrupt(edge)
            for socket in edge.sockets:
                socket.unwritten = socket.unwritten or lost
                socket.joins.clear()
                for room in list(socket.leaves):
                    self.get_out(socket, room)
        self.redis_up = False

    # ---- joining and leaving

    def join(self, client):
        edge, socket = client.edge, client.socket
        room = self.random.randrange(ROOMS)
        self.get_out_if_leaving(socket, room)
        if not self.redis_up or room in socket.rooms or room in socket.joins:
            return
        self.note(edge, socket, room, None)
        socket.joins[room] = tuple(edge.had)
        self.write_join(edge, socket, room)

    def leave(self, client):
        edge, socket = client.edge, client.socket
        stays = sorted(set(socket.rooms) - set(socket.leaves))
        if not self.redis_up or not stays:
            return
        room = self.random.choice(stays)
        self.note(edge, socket, room, None)
        socket.leaves[room] = object()
        self.write_leave(edge, socket, room)

    # ---- connecting

    def fresh_session(self, client, edge):
        self.count["refused"] += 1
        self.store.pop(client.pid, None)
        self.next_pid += 1
        began = tuple(edge.had)
        self.store[self.next_pid] = Session(1, began)
        client.pid, client.edge, client.offset = self.next_pid, edge, began
        client.socket = Socket(client, self.next_pid, 1, began)
        client.begin(began)
        edge.sockets.append(client.socket)

    def arrive(self, client):
        """Redis says who holds the session from now on; that connection's edge learns of it."""
        if client.edge is not None or not self.redis_up:
            return
        edge, session = self.random.choice(self.edges), self.store.get(client.pid)
        if session is None:
            self.fresh_session(client, edge)
            return
        session.generation += 1
        for other in self.edges:
            other.sockets = [s for s in other.sockets if s.pid != client.pid]
        client.edge = edge
        edge.claims.append(dict(client=client, generation=session.generation, session=session,
                                rooms=dict(session.rooms), acted=session.acted, offset=client.offset))

    def proceed(self, edge, pending):
        cuts = [pending["offset"], *pending["rooms"].values()]
        if any(p > had for cut in cuts for p, had in zip(cut, edge.had)):
            return
        edge.claims.remove(pending)
        client, began = pending["client"], pending["session"].began
        own = self.own(client)
        actions = [(position, what, room) for position, _, (what, user, room) in
                   [e for e in self.logs[own] if e[2]] if user is client and began[own] < position <= edge.had[own]]
        if self.variant == "heard":
            actions = [a for a in actions if a[0] > pending["offset"][own]]
        if self.variant == "missed":
            actions = []
        if any(what == "disconnect" for _, what, _ in actions):
            self.fresh_session(client, edge)
        else:
            acted = max([pending["acted"], *(position for position, what, _ in actions if what == "join")])
            self.go_live(edge, pending, self.stays_of(edge, pending, actions), acted)

    def stays_of(self, edge, pending, actions):
        """Of each: the room, from where on it is replayed and from where on the client was in it, its
        end, and the action that began it."""
        own, offset = self.own(pending["client"]), pending["offset"]
        stays = [dict(room=room, start=tuple(map(max, offset, joined)), joined=joined, since=joined[own],
                      end=None, entered=None) for room, joined in pending["rooms"].items()]
        for position, what, room in actions:
            self.count["missed"] += 1
            last = next((stay for stay in reversed(stays) if stay["room"] == room), None)
            if what == "leave":
                if last and last["end"] is None and (last["since"] < position or self.variant == "since"):
                    last["end"] = position
            elif (last is None or last["end"]) and position > pending["acted"]:
                if self.variant == "stays" and last:
                    last["end"] = None
                    continue
                before = tuple(max([e[0] for e in log if e[0] < position and e[0] <= had], default=0)
                               for log, had in zip(self.logs, edge.had))
                stays.append(dict(room=room, start=tuple(map(max, offset, before)), joined=before,
                                  since=position, end=None, entered=position))
        return stays

    def go_live(self, edge, pending, stays, acted):
        self.count["recovered"] += 1
        client = pending["client"]
        socket = Socket(client, client.pid, pending["generation"], pending["session"].began)
        socket.acted = acted
        missed = sorted({(position, shard, room) for stay in stays for shard, log in enumerate(self.logs)
                         for position, room, _ in log if room == stay["room"]
                         and stay["start"][shard] < position <= edge.had[shard]
                         and (stay["end"] is None or position <= stay["end"])})
        cut = list(pending["offset"])
        for position, shard, room in missed:
            cut[shard] = position
            socket.outbox.append(((shard, position, room), tuple(cut)))
        edge.sockets.append(socket)
        client.socket = socket
        for stay in stays:
            if stay["end"] is None or self.variant == "kept":
                socket.rooms[stay["room"]] = stay["joined"]
        socket.unwritten = any(stay["entered"] and stay["end"] is None for stay in stays)
        for room in sorted(pending["rooms"].keys() - socket.rooms.keys()):
            self.write_leave(edge, socket, room, asked=False)

    # ---- ends

    def drop(self, client):
        """The client is gone. Its edge may notice at once, or when another connection has the session."""
        edge = client.edge
        edge.claims = [p for p in edge.claims if p["client"] is not client]
        if client.socket in edge.sockets and self.random.random() < 0.5:
            edge.sockets.remove(client.socket)
        client.socket = client.edge = None

    def end_socket(self, edge, socket):
        edge.sockets.remove(socket)
        if socket.client.socket is socket:
            socket.client.socket = socket.client.edge = None

    def kill(self, edge):
        """It starts again with what the log has."""
        self.interrupt(edge)
        for client in self.clients:
            if client.edge is edge:
                client.socket = client.edge = None
        edge.sockets, edge.claims = [], []
        edge.had = [self.newest(shard) for shard in range(self.shards)]

    # ---- what clients get

    def receive(self, client):
        if client.socket is None or not client.socket.outbox:
            return
        (shard, position, room), client.offset = client.socket.outbox.pop(0)
        got = client.got.setdefault(shard, [])
        if got and got[-1] >= position:
            raise Broken(f"client {client.name} got {position} behind {got[-1]}")
        got.append(position)
        if shard == self.own(client):
            self.judge(client, room, position)

    def facts_of(self, client, room):
        """What the client and the services said of the room, in the order of the user's shard: from
        which position on it holds, and whether the client is in the room."""
        asked = [(2 * place + 1, i, place + 1, state)
                 for i, (place, state) in enumerate(client.facts.get(room, []))]
        acted = [(2 * position, 0, position if what == "join" else position + 1, what == "join")
                 for position, _, action in self.logs[self.own(client)] if action and position > client.began[self.own(client)]
                 for what, user, of in [action] if user is client and (of == room or what == "disconnect")]
        return [(begin, state) for _, _, begin, state in sorted(acted + asked)]

    def judge(self, client, room, position):
        states = [state for begin, state in self.facts_of(client, room) if begin <= position]
        if not states or states[-1] is False:
            raise Broken(f"client {client.name} got {position} of room {room} and is not in it")

    def judge_end(self, client):
        own = self.own(client)
        for room in range(own, ROOMS, self.shards):
            facts, begin = self.facts_of(client, room), None
            while facts and facts[-1][1]:
                begin = facts.pop()[0]
            missing = [p for p, of, _ in self.logs[own] if begin and of == room and p >= begin
                       and p not in client.got.get(own, [])]
            if missing:
                raise Broken(f"client {client.name} never got {missing[0]} of room {room}")

    # ---- steps

    def step(self):
        edge, client = self.random.choice(self.edges), self.random.choice(self.clients)
        live = client.socket is not None and client.socket in client.edge.sockets
        what = self.random.choices(list(STEPS), STEPS.values())[0]
        if what == "say":
            self.say()
        elif what == "act":
            self.act()
        elif what == "follow" and (edge is not self.edges[-1] or self.random.random() < 0.3):
            self.follow(edge, self.random.randrange(self.shards))  # the last one is behind
        elif what == "receive":
            self.receive(client)
        elif what == "write":
            self.write_something(edge)
        elif what == "drop" and client.edge is not None:
            self.drop(client)
        elif what == "arrive":
            self.arrive(client)
        elif what == "proceed" and edge.claims:
            self.proceed(edge, self.random.choice(edge.claims))
        elif what == "join" and live:
            self.join(client)
        elif what == "leave" and live:
            self.leave(client)
        elif what == "kill":
            self.kill(edge)
        elif what == "away" and self.redis_up:
            self.go_away()
        elif what == "back":
            self.redis_up = True

    def write_something(self, edge):
        """Records that Redis lacks are sent when it is there."""
        unwritten = [socket for socket in edge.sockets if socket.unwritten]
        if self.redis_up and unwritten and self.random.random() < 0.5:
            socket = self.random.choice(unwritten)
            self.write(edge, socket, self.record_of(socket))
        else:
            self.answer_write(edge)

    def settle(self):
        """All faults are over: everybody gets what there is."""
        self.redis_up = True
        for _ in range(2):
            for edge in self.edges:
                for shard, log in enumerate(self.logs):
                    for _ in log:
                        self.follow(edge, shard)
                while edge.writes:
                    self.answer_write(edge)
            for client in self.clients:
                self.arrive(client)
            for edge in self.edges:
                for pending in list(edge.claims):
                    self.proceed(edge, pending)
        for client in self.clients:
            while client.socket is not None and client.socket.outbox:
                self.receive(client)

    def run(self, steps):
        for _ in range(steps):
            self.step()
        self.settle()
        for client in self.clients:
            if client.socket is not None:
                self.judge_end(client)
        return self.count
