"""A model of connection state recovery: logs in shards, edges that follow them each at its own pace,
sessions in a Redis that answers late, goes away or forgets, and clients that drop at any moment.

One step is one thing that can happen somewhere; a seeded run is some thousands of them. What
clients get to see is judged as it happens, and once more when everything has come to rest:

  complete   all that was logged in a room from the ack of the join until it is left: by an ack, or
             by a recovery without it after the client had asked; unless Redis itself lost it
  once       no event twice within a session
  in order   the events of one shard as they stand in the log, those that have one room first among
             them
  entitled   nothing from before a join, nothing after an acked leave

A variant leaves one rule of the design out. The model must find fault with every variant and with
the design never; test_recovery.py sees to both.
"""

import random

NOWHERE = (0, 0)

# What each variant leaves out.
VARIANTS = {
    "highest": "offsets are the highest position of all shards instead of a cut",
    "lowest": "offsets are the lowest position of all shards instead of a cut",
    "connected": "`connected` of a recovered session bears what the edge has instead of the client's own offset",
    "generation": "writes of an edge that lost the session are taken",
    "ack": "a join is acked before it is written",
    "leaving": "a room is left as soon as the client asks for it, before that is written",
    "membership": "rooms are joined when the session is claimed instead of behind the replay",
    "joined": "rooms are replayed from the offset, whenever they were joined",
    "wait": "an edge waits for the client's offset alone, not for the start of every room",
    "freshness": "freshness outlives the generation that wrote it",
    "stale": "an offset from before the session is taken",
    "restored": "a session that Redis forgot is taken again as soon as any edge has written it",
    "rewrite": "what a server of Redis may have lost is not written again",
    "hold": "sessions are claimed before the edges have written what that server may have lost",
    "counted": "generations are counted, so that one whose claim was lost is given again",
    "own shard": "a join notes the place of its room's shard alone, and replays begin there in all",
    "noted": "what an edge had is added to whatever is noted, and not only to what it noted itself",
}


# Every socket is touched at least so often, and a session that was restored counts only once every
# edge must have written what it holds.
TOUCHED_EACH = 150
HOLDERS_WRITE = 400

# When Redis may have lost writes, every edge writes all its sessions within so many steps, and no
# session is claimed until then.
HELD_FOR = 40

# How often each thing happens, out of all steps, in different weathers.
ACTIONS = ("log", "follow", "receive", "write", "drop", "arrive", "proceed", "join", "leave", "touch",
           "ephemeral", "forget", "disturb", "heal")
MIXED = dict(log=20, follow=26, receive=22, write=12, drop=4, arrive=7, proceed=5, join=3, leave=0.8,
             touch=2, ephemeral=1, forget=0.02, disturb=0.1, heal=0.4,
             rooms=6, lag=0.5, expiry=0.03, notice=0.4)
WEATHERS = {
    "mixed": MIXED,
    # One edge is far behind, and clients hop between all of them.
    "hops": {**MIXED, **dict(lag=0.15, drop=8, arrive=12, proceed=8, join=6, disturb=0, expiry=0.15)},
    # Edges do not notice that clients are gone, and little is said in most rooms.
    "half-open": {**MIXED, **dict(rooms=24, notice=0, touch=12, write=30, receive=10, drop=4, arrive=14,
                                  proceed=14, join=6, disturb=0, expiry=0)},
    # Sessions expire before the first event of the next one has arrived.
    "expiry": {**MIXED, **dict(lag=0.05, receive=7, drop=6, arrive=12, proceed=10, touch=0, disturb=0,
                               expiry=0.4)},
    # What an edge noted is ahead of where the client is next, and little is said in most rooms.
    "ahead": {**MIXED, **dict(rooms=24, lag=0.3, receive=12, drop=7, arrive=16, proceed=16, join=10,
                              touch=6, write=24, disturb=0, expiry=0, notice=0.7)},
    # Redis forgets, and clients leave without a word.
    "forgetful": {**MIXED, **dict(notice=0, touch=3, write=30, arrive=14, proceed=14, join=8, forget=0.5,
                                  disturb=0, expiry=0)},
    # Brokers fail all the time.
    "storm": {**MIXED, **dict(disturb=0.6, heal=1.5, notice=0.2, touch=4)},
    # Redis forgets everything, sessions and log, and goes on; clients leave rooms all the time.
    "resets": {**MIXED, **dict(disturb=0.3, heal=1, leave=3, join=5, flush=0.5)},
    # Redis is killed, or fails over, and comes back as it was some writes ago.
    "amnesia": {**MIXED, **dict(log=12, follow=36, disturb=1, heal=8, leave=6, join=10, drop=6, arrive=20,
                                proceed=20, write=30, touch=6, rooms=12, notice=0.1, receive=14, amnesia=0.9,
                                expiry=0, forget=0)},
}


class Broken(Exception):
    """A promise was broken."""


class Log:
    """One shard: entries (position, prev, rooms). The first room is of this shard, a further one
    perhaps of another. What was trimmed or lost stays known to the judge."""

    def __init__(self):
        self.entries = []
        self.history = []
        self.lost = set()
        self.reset_at = 0  # how much of the history was there when all was forgotten last
        self.last = NOWHERE  # as the relay has it

    def newest(self):
        return self.entries[-1][0] if self.entries else NOWHERE

    def append(self, position, rooms):
        entry = (position, self.last, rooms)
        self.entries.append(entry)
        self.history.append(entry)
        self.last = position

    def lose(self, count, relay_lives):
        """A failover forgets the newest entries. A new relay goes on from what is there."""
        for position, _, _ in self.entries[len(self.entries) - count:]:
            self.lost.add(position)
        del self.entries[len(self.entries) - count:]
        if not relay_lives:
            self.last = self.newest()


class Session:
    """As it stands in Redis."""

    def __init__(self, generation, rooms, stale=None):
        self.generation = generation
        self.rooms = dict(rooms)  # room -> cut at which it was joined
        self.fresh = None  # (offset last sent, what the edge had, the edge's number of that note)
        self.stale = stale
        self.restored_at = None

    def copy(self):
        other = Session(self.generation, self.rooms, self.stale)
        other.fresh, other.restored_at = self.fresh, self.restored_at
        return other


class Socket:
    """A connection as its edge sees it. The client may have left long ago."""

    def __init__(self, client, pid, generation):
        self.client, self.pid, self.generation = client, pid, generation
        self.outbox = []  # (kind, body, offset)
        self.last_sent = None
        self.rooms = {}  # room -> cut at which it was joined
        self.joins = {}  # room -> that cut; their write is under way
        self.leaves = set()  # rooms; their write is under way, and the socket is still in them
        self.unstored = False  # Redis does not have all of it
        self.notes = 0  # of what was sent last
        self.noted = ()  # what was sent last, as Redis has it; not an offset: it has nothing


class Edge:
    def __init__(self, shards):
        self.had = [NOWHERE] * shards  # last delivered
        self.memory = [[] for _ in range(shards)]
        self.reach = [NOWHERE] * shards
        self.sockets = []
        self.claims = []  # clients that wait for their reply
        self.writes = []  # on their way to Redis, oldest first
        self.rewrites_at = None  # when it writes all its sessions again

    def knows(self, shard, position):
        return (position in (self.reach[shard], self.had[shard])
                or any(entry[0] == position for entry in self.memory[shard]))

    def reaches(self, shard, position):
        return position >= self.reach[shard]

    def below(self, shard, position):
        """The last entry of the shard at or below a position."""
        found = NOWHERE
        for entry in self.memory[shard]:
            if entry[0] <= position:
                found = entry[0]
        return found


class Client:
    def __init__(self, name):
        self.name = name
        self.pid = self.offset = self.socket = self.edge = None
        self.begin()

    def begin(self):
        """A fresh session: what the one before promised is void."""
        self.excused = False  # Redis lost what nobody else knew
        self.got = {}  # shard -> positions
        self.entitled = {}  # room -> from which cut on it may hear
        self.expects = {}  # room -> for each shard from where on it must hear
        self.asked = {}  # room -> which of its joins is the last one
        self.leaving = set()  # asked for
        self.left = set()  # acked


class World:
    def __init__(self, seed, weather, variant=None, shards=3, edges=3, clients=4, memory=60):
        self.random = random.Random(f"{seed} {weather}")
        self.further = random.Random(f"further {seed} {weather}")
        self.weather = WEATHERS[weather]
        self.weights = [self.weather[action] for action in ACTIONS]
        self.variant, self.shards, self.memory = variant, shards, memory
        self.rooms = self.weather["rooms"]
        self.logs = [Log() for _ in range(shards)]
        self.edges = [Edge(shards) for _ in range(edges)]
        self.clients = [Client(n) for n in range(clients)]
        self.store, self.next_pid, self.redis_up = {}, 0, True
        self.saved = {}  # the store as it is on the disk, or at the replica
        self.held_until = 0
        self.doubtful = set()  # clients of whose sessions only an edge knows the newest state
        self.epoch, self.seq, self.now = 1, 0, 0
        self.count = dict(recovered=0, refused=0, replayed=0, delivered=0)

    # ---- offsets

    def encode(self, cut):
        if cut is not None and self.variant == "highest":
            return tuple(max(cut) for _ in cut)
        if cut is not None and self.variant == "lowest":
            return tuple(min(cut) for _ in cut)
        return cut

    def send(self, socket, kind, body, cut):
        offset = self.encode(cut)
        socket.outbox.append((kind, body, offset))
        if offset is not None:
            socket.last_sent = offset

    # ---- the log, and edges that follow it

    def log_event(self):
        room = self.random.randrange(self.rooms)
        further = self.further.randrange(4 * self.rooms)
        rooms = (room, further) if further < self.rooms and further != room else (room,)
        self.seq += 1
        self.logs[room % self.shards].append((self.epoch, self.seq), rooms)

    def follow(self, edge, shard):
        log = self.logs[shard]
        if edge.had[shard] > log.newest():
            self.reset(edge, shard, log.newest())
            return
        entry = next((e for e in log.entries if e[0] > edge.had[shard]), None)
        if entry is None:
            return
        position, prev, rooms = entry
        if prev != edge.had[shard]:
            self.reset(edge, shard, prev)
        edge.had[shard] = position
        edge.memory[shard].append(entry)
        if len(edge.memory[shard]) > self.memory:
            edge.reach[shard] = edge.memory[shard].pop(0)[0]
        for socket in edge.sockets:
            if any(room in socket.rooms for room in rooms):
                self.send(socket, "event", (rooms, position), tuple(edge.had))

    def reset(self, edge, shard, position):
        """Something was lost: nobody here is sure of having it all. What is noted of the sockets
        ends before the loss."""
        for socket in list(edge.sockets):
            self.end_socket(edge, socket)
        edge.had[shard] = edge.reach[shard] = position
        edge.memory[shard] = []

    # ---- Redis

    def mine(self, socket):
        session = self.store.get(socket.pid)
        if session is None or (session.generation != socket.generation and self.variant != "generation"):
            return None
        return session

    def write(self, edge, apply):
        edge.writes.append(apply)

    def answer_write(self, edge):
        if self.redis_up and edge.writes:
            edge.writes.pop(0)()

    def put_all(self, socket):
        """What an edge writes when Redis has nothing of a session, or lacks some of it. What an
        earlier connection has written of a session that was forgotten counts as nothing."""
        session = self.store.get(socket.pid)
        if session is not None and session.generation > socket.generation:
            return
        stays = {room: joined for room, joined in socket.rooms.items() if room not in socket.leaves}
        restored = Session(socket.generation, {**stays, **socket.joins})
        if session is None:
            restored.restored_at = self.now
        else:
            restored.stale, restored.restored_at = session.stale, session.restored_at
            if session.generation == socket.generation and session.fresh and (
                    session.fresh[2] == socket.notes or self.variant == "noted"):
                restored.fresh = session.fresh
        if restored.fresh is None:
            socket.noted = ()
        self.store[socket.pid] = restored
        socket.unstored = False

    def note(self, socket, had):
        """Freshness for Redis. What was sent last is said once; from then on only what the edge has
        is added, to that note and to no other one."""
        sent = socket.last_sent
        if sent != socket.noted:
            socket.notes += 1
        number, whole = socket.notes, sent != socket.noted

        def apply(session):
            if whole:
                session.fresh, socket.noted = (sent, had, number), sent
            elif session.fresh and (session.fresh[2] == number or self.variant == "noted"):
                session.fresh = (session.fresh[0], had, number)
            else:
                session.fresh = None
        return apply

    def touch(self, edge, socket):
        note = self.note(socket, tuple(edge.had))

        def apply():
            session = self.mine(socket)
            if session is not None:
                note(session)
                if socket.unstored:
                    self.put_all(socket)
            elif socket in edge.sockets:
                self.put_all(socket)
        self.write(edge, apply)

    def touch_all(self):
        for edge in self.edges:
            for socket in edge.sockets:
                self.touch(edge, socket)
            while edge.writes and self.redis_up:
                self.answer_write(edge)

    def forget(self):
        """Redis loses sessions: evicted, or restarted without its file."""
        for pid in [pid for pid in self.store if self.random.random() < 0.5]:
            del self.store[pid]

    def go_away(self):
        """Redis restarts: of what was under way a part arrived, and the rest is written again."""
        self.redis_up = False
        for edge in self.edges:
            for apply in edge.writes[:self.random.randrange(len(edge.writes) + 1)]:
                apply()
            edge.writes.clear()
            for socket in edge.sockets:
                socket.unstored = socket.unstored or bool(socket.joins or socket.leaves)
                for room in list(socket.joins):
                    del socket.joins[room]  # refused after 5 s: Authorization unavailable
                for room in list(socket.leaves):
                    self.get_out(socket, room)  # and a leave is done all the same

    def save(self):
        self.saved = {pid: session.copy() for pid, session in self.store.items()}

    def holders(self, pid):
        """The edges that have a connection of the session, or a claim of it, and its generation there."""
        for edge in self.edges:
            for socket in edge.sockets:
                if socket.pid == pid:
                    yield edge, socket.generation
            for pending in edge.claims:
                if pending["pid"] == pid:
                    yield edge, pending["generation"]

    def lose_newest(self):
        """Redis is what it was when it saved last. What no edge holds is lost for good: its client may
        find itself in rooms that it left, or out of those that it joined."""
        before, self.store = self.store, self.saved
        for client in self.clients:
            old, new = before.get(client.pid), self.store.get(client.pid)
            same = old is new or (old and new and (old.generation, old.rooms) == (new.generation, new.rooms))
            if not same and old and any(g == old.generation for _, g in self.holders(client.pid)):
                self.doubtful.add(client)
            elif not same:
                client.excused = True
        if self.random.random() < 0.1:
            for log in self.logs:
                log.lose(self.random.randrange(min(4, len(log.entries)) + 1), relay_lives=self.random.random() < 0.5)
        self.save()
        self.held_until = None  # from when it is back
        for edge in self.edges:
            late = self.random.random() < 0.1  # it learns too late that there is another server
            edge.rewrites_at = self.random.randrange(HELD_FOR * (5 if late else 1))

    def forget_holder(self, edge, client):
        """The edge's connection to the client ends before it has written the session again."""
        if edge.rewrites_at is not None and client in self.doubtful:
            client.excused = True

    def rewrite(self, edge):
        edge.rewrites_at = None
        if all(other.rewrites_at is None for other in self.edges):
            self.doubtful.clear()
        if self.variant != "rewrite":
            for socket in edge.sockets:
                self.put_all(socket)

    def rewrite_due(self):
        for edge in self.edges:
            if edge.rewrites_at is not None and self.redis_up and self.now >= edge.rewrites_at:
                self.rewrite(edge)

    def come_back(self):
        self.redis_up = True
        if self.held_until is None:
            self.held_until = self.now + HELD_FOR
            for edge in self.edges:
                if edge.rewrites_at is not None:
                    edge.rewrites_at += self.now
            return
        for session in self.store.values():
            if session.restored_at is not None:
                session.restored_at = self.now
        self.touch_all()

    # ---- joining and leaving

    def place(self, edge, room):
        """What is noted of a join."""
        if self.variant == "own shard":
            return tuple(edge.had[room % self.shards] for _ in edge.had)
        return tuple(edge.had)

    def join(self, client):
        edge, socket = client.edge, client.socket
        room = self.random.randrange(self.rooms)
        if socket not in edge.sockets or room in socket.joins:
            return
        if room in socket.leaves:
            self.get_out(socket, room)
        if room in socket.rooms:
            return
        joined = self.place(edge, room)
        socket.joins[room] = joined
        asked = client.asked[room] = self.now
        before = client.entitled.get(room)
        client.entitled[room] = tuple(map(min, before, edge.had)) if before else tuple(edge.had)
        client.leaving.discard(room)
        client.left.discard(room)

        def enter():
            if room in socket.joins and socket in edge.sockets:
                socket.rooms[room] = socket.joins.pop(room)
                socket.outbox.append(("joined", (room, before or tuple(edge.had), tuple(edge.had), asked), None))

        def apply():
            session = self.mine(socket)
            if session is None:
                return  # taken over, or forgotten: no ack
            session.rooms[room] = joined
            enter()
        self.write(edge, apply)
        if self.variant == "ack":
            enter()

    @staticmethod
    def get_out(socket, room):
        socket.leaves.discard(room)
        del socket.rooms[room]
        if socket.client.socket is socket:
            socket.client.expects.pop(room, None)

    def leave(self, client):
        edge, socket = client.edge, client.socket
        if socket not in edge.sockets or not socket.rooms:
            return
        room = self.random.choice(sorted(socket.rooms))
        if room == client.name % self.rooms or room in socket.leaves:
            return  # a user's own room, or asked for already
        client.leaving.add(room)
        if self.variant == "leaving":
            del socket.rooms[room]
        else:
            socket.leaves.add(room)

        def apply():
            session = self.mine(socket)
            if session is not None:
                session.rooms.pop(room, None)
                if room in socket.leaves:
                    self.get_out(socket, room)
                socket.outbox.append(("left", room, None))
        self.write(edge, apply)

    # ---- connecting

    def fresh_session(self, client, edge):
        self.count["refused"] += 1
        ahead = client.offset is not None and any(c > h for c, h in zip(client.offset, edge.had))
        stale = client.offset if ahead and self.variant != "stale" else None
        self.next_pid += 1
        own = client.name % self.rooms
        socket = Socket(client, self.next_pid, 1)
        socket.rooms[own] = self.place(edge, own)
        session = Session(1, socket.rooms, stale)
        self.store[socket.pid] = session
        client.pid, client.socket, client.edge = socket.pid, socket, edge
        client.begin()
        client.entitled[own] = tuple(edge.had)
        client.expects[own] = self.since(edge.had)
        edge.sockets.append(socket)
        self.send(socket, "connected", None, tuple(edge.had))

    def claim(self, client, edge):
        """The client is at the edge's door. Redis says who holds the session from now on."""
        if self.random.random() < self.weather["expiry"]:
            self.store.pop(client.pid, None)
        session = self.store.get(client.pid)
        if session is None or (session.restored_at is not None and self.variant != "restored"
                               and self.now - session.restored_at < HOLDERS_WRITE):
            self.store.pop(client.pid, None)
            return self.fresh_session(client, edge)
        if session.stale is not None and client.offset == session.stale:
            self.store.pop(client.pid)
            return self.fresh_session(client, edge)
        session.generation += 1
        if self.variant != "counted":
            session.generation = max(session.generation, self.now)
        self.judge_claim(client, session)
        pending = dict(client=client, pid=client.pid, generation=session.generation,
                       rooms=dict(session.rooms), fresh=session.fresh, offset=client.offset, socket=None)
        if self.variant != "freshness":
            session.fresh = None
        client.edge = edge
        if self.variant == "membership":
            pending["socket"] = self.make_socket(pending)
            pending["socket"].rooms.update(pending["rooms"])
            edge.sockets.append(pending["socket"])
        edge.claims.append(pending)
        return None

    @staticmethod
    def make_socket(pending):
        return Socket(pending["client"], pending["pid"], pending["generation"])

    def start_of(self, pending):
        """From where the client lacks what its edge sent, per shard."""
        offset, fresh = pending["offset"], pending["fresh"]
        start = list(offset) if offset is not None else [NOWHERE] * self.shards
        if fresh is not None:
            sent, had, _ = fresh
            if sent is None or (offset is not None and all(c >= s for c, s in zip(offset, sent))):
                start = [max(pair) for pair in zip(start, had)]
        return start

    def proceed(self, edge, pending):
        """Answers a claim, if the edge has got far enough."""
        start = self.start_of(pending)
        begins = {room: tuple(start) if self.variant == "joined" else tuple(map(max, start, joined))
                  for room, joined in pending["rooms"].items()}
        behind = any(p > had for p, had in zip(start, edge.had))
        if self.variant != "wait":
            behind = behind or any(p > had for begin in begins.values() for p, had in zip(begin, edge.had))
        if behind and self.random.random() > 0.02:
            return
        edge.claims.remove(pending)
        if behind or not self.has_all(edge, pending, start, begins):
            self.refuse(edge, pending)
        else:
            self.go_live(edge, pending, start, begins)

    def has_all(self, edge, pending, start, begins):
        """Whether the memory goes back to where each room begins. Offsets that are no cuts, and
        starts that the edge has not come to, cannot be compared exactly."""
        exact = self.variant not in ("highest", "lowest", "wait", "own shard")
        knows = edge.knows if exact else edge.reaches
        return all(knows(s, p) for begin in begins.values() for s, p in enumerate(begin)) and (
            pending["offset"] is None or all(knows(s, p) for s, p in enumerate(start)))

    def refuse(self, edge, pending):
        self.drop_pending(edge, pending)
        session = self.store.get(pending["pid"])
        if session is not None and session.generation == pending["generation"]:
            del self.store[pending["pid"]]
        self.fresh_session(pending["client"], edge)

    def drop_pending(self, edge, pending):
        if pending["socket"] in edge.sockets:
            edge.sockets.remove(pending["socket"])

    def go_live(self, edge, pending, start, begins):
        client = pending["client"]
        socket = pending["socket"] or self.make_socket(pending)
        self.count["recovered"] += 1
        own = tuple(edge.had) if self.variant == "connected" else pending["offset"]
        self.send(socket, "connected", None, own)
        missed = sorted({entry for room, begin in begins.items() for s in range(self.shards)
                         for entry in edge.memory[s] if room in entry[2] and entry[0] > begin[s]})
        for position, _, rooms in missed:
            cut = tuple(max(start[s], edge.below(s, position)) for s in range(self.shards))
            self.send(socket, "event", (rooms, position), cut)
            self.count["replayed"] += 1
        socket.rooms.update(pending["rooms"])
        if socket not in edge.sockets:
            edge.sockets.append(socket)
        client.socket = socket
        for room in client.leaving - pending["rooms"].keys():
            client.expects.pop(room, None)
        client.leaving -= pending["rooms"].keys()
        if self.variant != "freshness":
            self.touch(edge, socket)

    # ---- ends

    def drop(self, client):
        """The client is gone. Its edge may notice at once, later, or never."""
        for edge in self.edges:
            for pending in [p for p in edge.claims if p["client"] is client]:
                edge.claims.remove(pending)
                self.drop_pending(edge, pending)
                self.forget_holder(edge, client)
        socket, edge = client.socket, client.edge
        client.socket = client.edge = None
        if socket in edge.sockets if edge else False:
            if self.random.random() < self.weather["notice"]:
                self.end_socket(edge, socket)

    def end_socket(self, edge, socket):
        edge.sockets.remove(socket)
        self.forget_holder(edge, socket.client)
        self.touch(edge, socket)
        if socket.client.socket is socket:
            socket.client.socket = socket.client.edge = None

    def kill(self, edge):
        """An edge dies with all that it was about to write, and starts with what the log has."""
        for apply in edge.writes[:self.random.randrange(len(edge.writes) + 1)]:
            if self.redis_up:
                apply()
        edge.writes.clear()
        for client in self.clients:
            self.forget_holder(edge, client)
            if client.edge is edge:
                client.socket = client.edge = None
        edge.sockets, edge.claims = [], []
        edge.rewrites_at = None
        for s, log in enumerate(self.logs):
            kept = log.entries[-self.memory:]
            edge.had[s] = log.newest()
            edge.memory[s] = []
            edge.reach[s] = kept[0][1] if kept else log.newest()
            for entry in kept:
                if edge.memory[s] and entry[1] != edge.memory[s][-1][0]:
                    edge.memory[s], edge.reach[s] = [], entry[1]
                edge.memory[s].append(entry)

    # ---- what clients get to see

    def receive(self, client):
        socket = client.socket
        if socket is None or not socket.outbox:
            return
        kind, body, offset = socket.outbox.pop(0)
        if kind == "event":
            self.judge_event(client, *body)
        elif kind == "joined":
            room, joined, heard_from, asked = body
            client.left.discard(room)
            client.entitled.setdefault(room, joined)
            if room not in client.leaving and client.asked.get(room) == asked:
                client.expects[room] = self.since(heard_from)
        elif kind == "left":
            client.expects.pop(body, None)
            if body not in client.socket.joins and body not in client.socket.rooms:
                client.left.add(body)
                client.entitled.pop(body, None)
        if offset is not None:
            client.offset = offset

    def judge_event(self, client, rooms, position):
        self.count["delivered"] += 1
        shard = rooms[0] % self.shards
        got = client.got.setdefault(shard, [])
        if got and got[-1] >= position:
            raise Broken(f"client {client.name} got {position} of shard {shard} behind {got[-1]}")
        got.append(position)
        if client.excused:
            return
        if all(room in client.left for room in rooms):
            raise Broken(f"client {client.name} heard {position} of rooms {rooms} after leaving")
        if not any(room in client.entitled and room not in client.left and position > client.entitled[room][shard]
                   for room in rooms):
            raise Broken(f"client {client.name} was not entitled to {position} of rooms {rooms}")

    def judge_claim(self, client, session):
        """What an edge has not written in time nobody can know."""
        for edge, generation in self.holders(client.pid):
            if generation >= session.generation:
                raise Broken(f"client {client.name} got generation {session.generation}, and {generation} lives")
            if edge.rewrites_at is not None and self.now >= self.held_until:
                self.forget_holder(edge, client)

    def since(self, cut):
        """Behind nothing is what stands in the log since it was emptied."""
        return [(position, log.reset_at if position == NOWHERE else 0) for position, log in zip(cut, self.logs)]

    def judge_all(self, client):
        if client.excused:
            return
        for room, begins in client.expects.items():
            for shard, (since, begin) in enumerate(begins):
                log, got = self.logs[shard], set(client.got.get(shard, []))
                missing = [e[0] for e in log.history[begin:] if room in e[2] and e[0] > since
                           and e[0] not in log.lost and e[0] not in got]
                if missing:
                    raise Broken(f"client {client.name} never got {missing[0]} of room {room}")

    # ---- steps

    def ephemeral(self):
        edge = self.random.choice(self.edges)
        for socket in edge.sockets:
            if self.random.random() < 0.5:
                self.send(socket, "typing", None, tuple(edge.had))

    def flush_all(self):
        """The relay may live on, with its positions, or be another one."""
        self.store.clear()
        lives = self.random.random() < 0.5
        if not lives:
            self.epoch, self.seq = self.epoch + 1, 0
        for log in self.logs:
            log.lose(len(log.entries), relay_lives=lives)
            log.reset_at = len(log.history)

    def disturb(self):
        if "flush" in self.weather and self.random.random() < self.weather["flush"]:
            self.flush_all()
            return
        if "amnesia" in self.weather and self.redis_up and self.random.random() < self.weather["amnesia"]:
            self.go_away()
            self.lose_newest()
            return
        what = self.random.random()
        if what < 0.25:
            self.kill(self.random.choice(self.edges))
        elif what < 0.45 and self.redis_up:
            self.go_away()
        elif what < 0.75:
            log = self.random.choice(self.logs)
            self.epoch, self.seq = self.epoch + 1, 0
            log.lose(self.random.randrange(min(4, len(log.entries)) + 1), relay_lives=self.random.random() < 0.5)
        else:
            log = self.random.choice(self.logs)
            del log.entries[:len(log.entries) // 2]

    def follow_some(self):
        """The first shard is ahead of the others, and the last edge behind them."""
        edge = self.random.choice(self.edges)
        shard = 0 if self.random.random() < 0.3 else self.random.randrange(self.shards)
        if edge is not self.edges[-1] or self.random.random() < self.weather["lag"]:
            self.follow(edge, shard)

    def arrive(self, client):
        if client.edge is not None or not self.redis_up:
            return
        if self.now < self.held_until and client.pid is not None and self.variant != "hold":
            return
        edge = self.random.choice(self.edges)
        if client.pid is None:
            self.fresh_session(client, edge)
        else:
            self.claim(client, edge)

    def step(self):
        self.now += 1
        self.rewrite_due()
        if "amnesia" in self.weather and self.random.random() < 0.015:
            self.save()
        if self.now % TOUCHED_EACH == 0 and self.redis_up:
            self.touch_all()
        edge, client = self.random.choice(self.edges), self.random.choice(self.clients)
        what = self.random.choices(ACTIONS, self.weights)[0]
        if what == "log":
            self.log_event()
        elif what == "follow":
            self.follow_some()
        elif what == "receive":
            self.receive(client)
        elif what == "write":
            self.answer_write(edge)
        elif what == "drop" and client.edge is not None:
            self.drop(client)
        elif what == "arrive":
            self.arrive(client)
        elif what == "proceed" and edge.claims:
            self.proceed(edge, self.random.choice(edge.claims))
        elif what == "join" and client.socket is not None:
            self.join(client)
        elif what == "leave" and client.socket is not None:
            self.leave(client)
        elif what == "touch" and edge.sockets:
            self.touch(edge, self.random.choice(edge.sockets))
        elif what == "ephemeral":
            self.ephemeral()
        elif what == "forget":
            self.forget()
        elif what == "disturb":
            self.disturb()
        elif what == "heal" and not self.redis_up:
            self.come_back()

    def settle(self):
        """All faults are over: everybody gets what there is."""
        if not self.redis_up:
            self.come_back()
        self.now += HELD_FOR
        self.rewrite_due()
        for _ in range(3):
            for edge in self.edges:
                while edge.writes:
                    self.answer_write(edge)
                for shard in range(self.shards):
                    for _ in range(len(self.logs[shard].entries) + 2):
                        self.follow(edge, shard)
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
                self.judge_all(client)
        return self.count
