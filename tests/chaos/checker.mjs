// Whether what all clients saw is what is promised. Pure: histories in, faults in words out.
//
// A history is the list of what happened to one client, in order, each with a time `at` in ms:
//
//   connect {recovered, edge}   disconnect
//   asking {room}   joined {room}       join_room sent, its ack
//   leaving {room}  left {room}         leave_room sent, its ack
//   event {room, number}
//
// A life is what hangs together: from a connect that is not recovered to the next such one. Within
// a life nothing may be missing, doubled or out of order.

const UNNOTED_MS = 4000; // the gateway waits 5 s for Redis
const NOTED_MS = 15_000; // until what was not noted in time is noted, or the fault was a long one

const fault = (rule, text) => ({ rule, text });

const after = (a, b) => a.index > b.index;

// The log: position in it by room and number, and the entries of each room.
export function indexLog(log) {
  const places = new Map();
  const rooms = new Map();
  const seen = Array.from({ length: 1 + Math.max(0, ...log.map(({ shard }) => shard)) }, () => 0);
  for (const entry of log) {
    const placed = { ...entry, index: seen[entry.shard]++ };
    const key = `${entry.room}/${entry.number}`;
    if (!rooms.has(entry.room)) rooms.set(entry.room, []);
    rooms.get(entry.room).push(placed);
    if (!places.has(key)) places.set(key, placed);
  }
  return { places, rooms, of: (room, number) => places.get(`${room}/${number}`) };
}

// Each number once, and rising: the publisher of a room waits for one confirm before the next. Once
// the log was erased, nothing tells a redelivered event from a new one any more.
export function checkLog(log) {
  const last = new Map();
  const had = new Set();
  const faults = [];
  let current;
  for (const { room, number, position, era } of log) {
    const key = `${room}/${number}`;
    if (era !== current) {
      last.clear();
      had.clear();
      current = era;
    }
    if (had.has(key)) faults.push(fault('doubled in the log', `${key} again at ${position}`));
    else if (number < (last.get(room) ?? 0)) {
      faults.push(fault('log order', `${key} at ${position} behind ${last.get(room)}`));
    }
    had.add(key);
    last.set(room, Math.max(number, last.get(room) ?? 0));
  }
  return faults;
}

// Confirmed to the publisher and gone from RabbitMQ: it must be in the log. `excused` are spans of
// time {from, to} in which RabbitMQ itself lost what was published.
export function checkAcknowledged(published, log, excused = []) {
  const { of } = indexLog(log);
  const isExcused = ({ sent }) => excused.some(({ from, to }) => sent >= from && sent <= to);
  return published
    .filter((entry) => entry.confirmed !== null && !entry.returned && !isExcused(entry))
    .filter(({ room, number }) => !of(room, number))
    .map(({ room, number }) => fault('acknowledged, not logged', `${room}/${number}`));
}

// [{entries, alive}]: the lives of one client.
export function livesOf(history) {
  const lives = [];
  for (const entry of history) {
    if (entry.kind === 'connect' && !entry.recovered) lives.push({ entries: [], alive: true });
    const life = lives.at(-1);
    if (!life) continue;
    life.entries.push(entry);
    if (entry.kind === 'connect') life.alive = true;
    if (entry.kind === 'disconnect') life.alive = false;
  }
  return lives;
}

// What one life was in a room: [{room, from, to, numbers}]; `from` is when it was surely in it,
// `to` when it asked to leave, or undefined.
function staysOf(life, user) {
  const own = `user:${user}`;
  const stays = [{ room: own, from: life.entries[0].at, numbers: [] }];
  const open = new Map([[own, stays[0]]]);
  for (const { kind, room, number, at } of life.entries) {
    let stay = open.get(room);
    // Of a leave without an ack nobody knows whether it was done.
    if (kind === 'asking' && (!stay || stay.to !== undefined)) {
      stay = { room, numbers: [] };
      stays.push(stay);
      open.set(room, stay);
    }
    if (kind === 'joined') stay.from ??= at;
    if (kind === 'leaving' && stay) stay.to ??= at;
    if (kind === 'left') open.delete(room);
    if (kind === 'event' && stay) stay.numbers.push(number);
  }
  return stays;
}

// Rooms that it was in, or may have been in: from `asking` to `left`. A leave that Redis was not there
// to note is acknowledged all the same, after a while; then a recovery soon after may bring it back.
function checkEntitled(name, user, life) {
  const inside = new Set([`user:${user}`]);
  const leaving = new Map();
  const left = new Map(); // when, in which edge, and whether it may come back
  const faults = [];
  let [here, gone] = [life.entries[0], 0];
  for (const { kind, room, number, at, recovered, edge } of life.entries) {
    if (kind === 'asking') inside.add(room);
    if (kind === 'leaving') leaving.set(room, at);
    if (kind === 'left') {
      inside.delete(room);
      left.set(room, { at, edge: here.edge, unnoted: at - leaving.get(room) > UNNOTED_MS });
    }
    if (kind === 'disconnect') gone = at;
    if (kind === 'connect') here = { at, edge };
    if (kind === 'connect' && recovered) {
      for (const [back, was] of left) if (was.unnoted && gone - was.at < NOTED_MS) inside.add(back);
    }
    if (kind === 'event' && !inside.has(room)) {
      faults.push(fault('not entitled', `${name} got ${room}/${number}${whereabouts(at, here, left.get(room))}`));
    }
  }
  return faults;
}

const NEAR_MS = 10_000;

// What a client went through around the time when it should have heard something.
function story(life, room, sent) {
  const near = life.entries.filter(({ kind, at, room: of }) => Math.abs(at - sent) < NEAR_MS
    && (kind.endsWith('connect') || of === room));
  return `, sent at ${Math.round(sent)} ms: ${near.map(({ kind, at, edge, recovered, number }) =>
    `${Math.round(at)} ${number ?? kind}${edge ? ` ${edge}` : ''}${recovered ? ' recovered' : ''}`).join(', ')}`;
}

function whereabouts(at, here, left) {
  return ` at ${Math.round(at)} ms in ${here.edge}, where it is since ${Math.round(here.at)} ms; ${left
    ? `left at ${Math.round(left.at)} ms in ${left.edge}` : 'never asked for it'}`;
}

function checkRising(name, life) {
  const faults = [];
  const last = new Map();
  const had = new Set();
  for (const { kind, room, number } of life.entries) {
    if (kind !== 'event') continue;
    const key = `${room}/${number}`;
    if (had.has(key)) faults.push(fault('twice', `${name} got ${key} twice`));
    else if (number < (last.get(room) ?? 0)) {
      faults.push(fault('order', `${name} got ${key} after ${last.get(room)}`));
    }
    had.add(key);
    last.set(room, Math.max(number, last.get(room) ?? 0));
  }
  return faults;
}

// Up to where of each shard its edges have brought it everything, by what it heard until `until`.
function reachOf(life, log, until = Infinity) {
  const reach = new Map();
  for (const { kind, room, number, at } of life.entries) {
    const place = kind === 'event' && at < until && log.of(room, number);
    if (place) reach.set(place.shard, Math.max(place.index, reach.get(place.shard) ?? -1));
  }
  return reach;
}

const isReached = (entry, reach) => entry.index <= (reach.get(entry.shard) ?? -1);

// Nothing is owed behind what it heard last before the connection ended or it left the room.
function isOwed(stay, first, entry, sent, { reach, reachOfStay, alive }) {
  const began = (first && !after(first, entry)) || (stay.from !== undefined && sent > stay.from);
  const leftBefore = stay.to !== undefined && !isReached(entry, reachOfStay)
    && !stay.numbers.some((number) => number >= entry.number);
  return began && !leftBefore && (alive || isReached(entry, reach));
}

function checkComplete(name, user, life, log, sentOf) {
  const faults = [];
  const reach = reachOf(life, log);
  for (const stay of staysOf(life, user)) {
    const got = new Set(stay.numbers);
    const first = stay.numbers.length > 0 && log.of(stay.room, stay.numbers[0]);
    const reaches = { reach, reachOfStay: reachOf(life, log, stay.to), alive: life.alive };
    for (const entry of log.rooms.get(stay.room) ?? []) {
      const sent = sentOf.get(`${entry.room}/${entry.number}`);
      if (!got.has(entry.number) && isOwed(stay, first, entry, sent, reaches)) {
        faults.push(fault('lost', `${name} missed ${entry.room}/${entry.number} at ${entry.position}`
          + `${story(life, entry.room, sent)}`));
      }
    }
  }
  return faults;
}

// What clients at each edge had heard when: {edge: [[{at, index}] of each shard]}, rising. An edge that
// has brought an entry to anybody has that entry behind it, in every room of the shard.
export function heardByEdge(clients, log) {
  const heard = new Map();
  for (const { history } of clients) {
    let edge;
    for (const entry of history) {
      if (entry.kind === 'connect') ({ edge } = entry);
      const place = entry.kind === 'event' && log.of(entry.room, entry.number);
      if (!place) continue;
      if (!heard.has(edge)) heard.set(edge, []);
      (heard.get(edge)[place.shard] ??= []).push({ at: entry.at, index: place.index });
    }
  }
  for (const shards of heard.values()) {
    for (const list of shards) {
      list?.sort((a, b) => a.at - b.at);
      list?.reduce((most, one) => { one.index = Math.max(most, one.index); return one.index; }, -1);
    }
  }
  return heard;
}

function lastBefore(list, at) {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle].at < at) low = middle + 1;
    else high = middle;
  }
  return low > 0 ? list[low - 1].index : -1;
}

// Nothing that was behind the edge already when the client asked for the room.
function checkFromBefore(name, life, log, heard) {
  const floors = new Map(); // of each room, by shard
  const faults = [];
  let edge;
  for (const entry of life.entries) {
    const { kind, room, number, at } = entry;
    if (kind === 'connect') ({ edge } = entry);
    if (kind === 'left') floors.delete(room);
    if (kind === 'asking' && !floors.has(room)) {
      floors.set(room, (heard.get(edge) ?? []).map((list) => lastBefore(list ?? [], at)));
    }
    const place = kind === 'event' && floors.has(room) && log.of(room, number);
    if (place && place.index <= (floors.get(room)[place.shard] ?? -1)) {
      faults.push(fault('from before the join', `${name} got ${room}/${number}`));
    }
  }
  return faults;
}

function checkLogged(name, life, log) {
  return life.entries
    .filter(({ kind, room, number }) => kind === 'event' && !log.of(room, number))
    .map(({ room, number }) => fault('not in the log', `${name} got ${room}/${number}`));
}

// clients: [{name, user, history}]; published as the publishers list it; log as the reader does.
export function checkHistories(clients, published, log) {
  const index = indexLog(log);
  const sentOf = new Map(published.map(({ room, number, sent }) => [`${room}/${number}`, sent]));
  const heard = heardByEdge(clients, index);
  return clients.flatMap(({ name, user, history }) => livesOf(history).flatMap((life) => [
    ...checkRising(name, life), ...checkEntitled(name, user, life),
    ...checkFromBefore(name, life, index, heard),
    ...checkLogged(name, life, index), ...checkComplete(name, user, life, index, sentOf)]));
}

// The crowd: on one connection `number` came behind `last`. What the log has between them was lost.
export function checkCrowd({ count, heard, ready, jumps }, log) {
  const { of } = indexLog(log);
  const faults = [];
  for (const { room, last, number } of jumps) {
    const text = `the crowd got ${room}/${number} after ${last}`;
    if (number === last) faults.push(fault('twice', text));
    else if (number < last) faults.push(fault('order', text));
    for (let between = last + 1; between < number; between++) {
      if (of(room, between)) faults.push(fault('lost', `${text}, without ${between}`));
    }
  }
  if (!(heard > 0) || ready !== count) {
    faults.push(fault('not fresh', `the crowd: ${ready} of ${count} are back, ${heard} events heard`));
  }
  return faults;
}

// samples: [{at, ready}] of one program, in order; owed: times at which something was there for it to
// deliver; delivered: times at which it delivered anything. It must not say for longer than `limit`
// that it is ready while it owes and gives nothing.
export function checkReadiness(name, samples, owed, delivered, limit) {
  const faults = [];
  let since = null; // it owes since then, and has been ready all the while
  let [nextOwed, nextDelivered] = [0, 0];
  for (const { at, ready } of samples) {
    for (; delivered[nextDelivered] <= at; nextDelivered++) since = null;
    const last = delivered[nextDelivered - 1] ?? -Infinity;
    while (owed[nextOwed] <= last) nextOwed += 1;
    if (!ready) {
      since = null;
      while (owed[nextOwed] <= at) nextOwed += 1;
    } else if (owed[nextOwed] <= at) {
      since ??= owed[nextOwed];
    }
    if (since !== null && at - since > limit) {
      faults.push(fault('ready in vain', `${name} from ${Math.round(since)} to ${Math.round(at)} ms`));
      since = null;
      while (owed[nextOwed] <= at) nextOwed += 1;
    }
  }
  return faults;
}

// When each edge owed something: an entry of the log that none of its clients heard within `limit`
// although one of them was in its room since before it was sent. `sentOf` has when that was, by
// room/number; `blind` are spans {edge, from, to} in which clients cannot hear the edge.
export function owedByEdge(edge, clients, log, sentOf, limit, blind = []) {
  const members = new Map();
  for (const { user, history } of clients) {
    for (const { room, from, to } of presences(edge, user, history)) {
      if (!members.has(room)) members.set(room, []);
      members.get(room).push({ from, to });
    }
  }
  const heard = heardOf(edge, clients);
  const isBlind = (at) => blind.some((span) =>
    span.edge === edge && at + limit >= span.from && at <= span.to);
  return log.filter(({ room, number, at }) => !isBlind(at)
    && !(heard.get(`${room}/${number}`) <= at + limit)
    && members.get(room)?.some(({ from, to }) =>
      from < sentOf.get(`${room}/${number}`) && at + limit < to))
    .map(({ at }) => at);
}

// When a client at this edge first heard each entry.
function heardOf(edge, clients) {
  const heard = new Map();
  eachHeard(edge, clients, ({ room, number, at }) => {
    const key = `${room}/${number}`;
    heard.set(key, Math.min(at, heard.get(key) ?? Infinity));
  });
  return heard;
}

function eachHeard(edge, clients, visit) {
  for (const { history } of clients) {
    let where;
    for (const entry of history) {
      if (entry.kind === 'connect') where = entry.edge;
      if (entry.kind === 'event' && where === edge) visit(entry);
    }
  }
}

// What the active relay owes: confirmed to a service and not in the log within `limit`.
export function owedByRelay(published, log, limit) {
  const { of } = indexLog(log);
  return published.filter(({ room, number, confirmed, returned }) => confirmed !== null && !returned
    && !(of(room, number)?.at <= confirmed + limit))
    .map(({ confirmed }) => confirmed).sort((a, b) => a - b);
}

// Spans in which a client was surely in a room at this edge.
function presences(edge, user, history) {
  const spans = [];
  let open = new Map();
  let here = false;
  const end = (room, at) => {
    if (open.has(room)) spans.push({ room, from: open.get(room), to: at });
    open.delete(room);
  };
  for (const { kind, at, room, edge: where } of history) {
    if (kind === 'disconnect' || kind === 'connect') for (const name of [...open.keys()]) end(name, at);
    if (kind === 'connect') {
      here = where === edge;
      if (here) open.set(`user:${user}`, at);
    }
    if (kind === 'joined' && here) open.set(room, at);
    if (kind === 'leaving') end(room, at);
  }
  for (const name of [...open.keys()]) end(name, Infinity);
  return spans;
}

// Times at which clients at this edge heard anything of the log.
export function heardAt(edge, clients) {
  const times = [];
  eachHeard(edge, clients, ({ at }) => times.push(at));
  return times.sort((a, b) => a - b);
}

// What a program holds, against what it held at first.
export function checkHoldings(name, base, now, { fds, bytes }) {
  const faults = [];
  if (now.fds > base.fds + fds) {
    faults.push(fault('descriptors', `${name} holds ${now.fds}, at first ${base.fds}`));
  }
  if (now.bytes > base.bytes + bytes) {
    faults.push(fault('memory', `${name} holds ${now.bytes}, at first ${base.bytes}`));
  }
  return faults;
}
