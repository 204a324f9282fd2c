// The checker sees what it is there for: a clean run, and the same with one fault planted.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as checker from './checker.mjs';

const ROOM = 'conversation:c1';

const entry = (number, room = ROOM) =>
  ({ shard: 0, position: `1-${number}`, room, number, at: 100 * number + 5 });
const publication = (number, room = ROOM) =>
  ({ room, number, sent: 100 * number, confirmed: 100 * number + 3, returned: false });
const heard = (number, room = ROOM) => ({ kind: 'event', room, number, at: 100 * number + 10 });

// One client that is in its room from 50 on, and hears 1 to 5.
function clean() {
  return {
    log: [1, 2, 3, 4, 5].map((number) => entry(number)),
    published: [1, 2, 3, 4, 5].map((number) => publication(number)),
    history: [
      { kind: 'connect', recovered: false, edge: 'edge-1', at: 10 },
      { kind: 'asking', room: ROOM, at: 20 }, { kind: 'joined', room: ROOM, at: 50 },
      ...[1, 2, 3, 4, 5].map((number) => heard(number)),
    ],
  };
}

function rulesOf({ log, published, history, excused }) {
  const clients = [{ name: 'u1', user: 'u1', history }];
  return [...checker.checkLog(log), ...checker.checkAcknowledged(published, log, excused),
    ...checker.checkHistories(clients, published, log)].map(({ rule }) => rule);
}

const drop = (run, number) => {
  run.history = run.history.filter((one) => one.number !== number);
};
const insert = (run, before, ...entries) => {
  run.history.splice(run.history.findIndex(({ number }) => number === before), 0, ...entries);
};
const cutAt = (run, number, recovered) => insert(run, number,
  { kind: 'disconnect', at: 100 * number - 40 },
  { kind: 'connect', recovered, edge: 'edge-2', at: 100 * number - 20 });
const rejoin = (run, number) => insert(run, number,
  { kind: 'asking', room: ROOM, at: 100 * number - 15 }, { kind: 'joined', room: ROOM, at: 100 * number - 10 });

// A leave that is acknowledged after 5 s; the connection ends `ms` later, and the room comes back.
const leaveSlowly = (run, ms) => {
  run.history.push({ kind: 'leaving', room: ROOM, at: 600 }, { kind: 'left', room: ROOM, at: 5610 },
    { kind: 'disconnect', at: 5610 + ms },
    { kind: 'connect', recovered: true, edge: 'edge-2', at: 5650 + ms },
    { kind: 'event', room: ROOM, number: 6, at: 5700 + ms });
  run.log.push(entry(6));
  run.published.push(publication(6));
};

const CASES = {
  'nothing wrong': [[], () => {}],
  'one is missing in the middle': [['lost'], (run) => drop(run, 3)],
  'the first behind the join is missing': [['lost'], (run) => drop(run, 1)],
  'the last is missing, and the connection stays': [['lost'], (run) => drop(run, 5)],
  'the last is missing, and the connection has ended': [[], (run) => {
    drop(run, 5);
    run.history.push({ kind: 'disconnect', at: 600 });
  }],
  'a later one of another room came: the connection carried all before': [['lost'], (run) => {
    run.log.push(entry(6, 'user:u1'));
    run.published.push(publication(6, 'user:u1'));
    drop(run, 5);
    run.history.push(heard(6, 'user:u1'), { kind: 'disconnect', at: 700 });
  }],
  'published before the join': [[], (run) => {
    drop(run, 1);
    run.history.find(({ kind }) => kind === 'joined').at = 120;
  }],
  'one comes twice': [['twice'], (run) => run.history.push(heard(3))],
  'two are exchanged': [['order'], (run) => {
    drop(run, 2);
    insert(run, 4, heard(2));
  }],
  'twice, in two sessions': [[], (run) => {
    cutAt(run, 4, false);
    rejoin(run, 4);
    insert(run, 4, { ...heard(3), at: 395 });
  }],
  'twice, over a recovery': [['twice'], (run) => {
    cutAt(run, 4, true);
    insert(run, 4, heard(3));
  }],
  'missing over a reconnect without recovery': [[], (run) => {
    cutAt(run, 4, false);
    rejoin(run, 4);
    drop(run, 3);
  }],
  'missing over a recovery': [['lost'], (run) => {
    cutAt(run, 4, true);
    drop(run, 3);
  }],
  'the room is forgotten over a recovery': [['lost', 'lost'], (run) => {
    cutAt(run, 4, true);
    drop(run, 4);
    drop(run, 5);
  }],
  'a room that it never asked for': [['not entitled'], (run) => {
    run.log.push(entry(6, 'conversation:c2'));
    run.published.push(publication(6, 'conversation:c2'));
    run.history.push(heard(6, 'conversation:c2'));
  }],
  'a room that it has left': [['not entitled'], (run) => insert(run, 5,
    { kind: 'leaving', room: ROOM, at: 420 }, { kind: 'left', room: ROOM, at: 430 })],
  'a room that it is leaving': [[], (run) => {
    insert(run, 5, { kind: 'leaving', room: ROOM, at: 420 });
    run.history.push({ kind: 'left', room: ROOM, at: 520 });
  }],
  'one is missing before it leaves, as a later one of another room shows': [['lost'], (run) => {
    drop(run, 5);
    run.log.push({ ...entry(6), room: 'user:u1' });
    run.history.push({ ...heard(6), room: 'user:u1' }, { kind: 'leaving', room: ROOM, at: 620 },
      { kind: 'left', room: ROOM, at: 630 });
  }],
  'a leave without an ack, and the room joined again': [[], (run) => {
    insert(run, 4, { kind: 'leaving', room: ROOM, at: 350 });
    cutAt(run, 4, true);
    drop(run, 4);
    rejoin(run, 5);
  }],
  'a leave that Redis was not there to note, and a recovery': [[], (run) => leaveSlowly(run, 1000)],
  'the same, when there was time to note it': [['not entitled'], (run) => leaveSlowly(run, 20_000)],
  'nothing of a room that it has left': [[], (run) => {
    insert(run, 5, { kind: 'leaving', room: ROOM, at: 420 }, { kind: 'left', room: ROOM, at: 430 });
    drop(run, 5);
  }],
  'what never was in the log': [['acknowledged, not logged', 'not in the log'],
    (run) => { run.log = run.log.filter(({ number }) => number !== 3); }],
  'confirmed and never seen again': [['acknowledged, not logged'],
    (run) => run.published.push(publication(6))],
  'confirmed while RabbitMQ lost its queue': [[], (run) => {
    run.published.push(publication(6));
    run.excused = [{ from: 550, to: 650 }];
  }],
  'not confirmed': [[], (run) => run.published.push({ ...publication(6), confirmed: null })],
  'no queue took it': [[], (run) => run.published.push({ ...publication(6), returned: true })],
  'logged again after the log was erased': [[], (run) =>
    run.log.push(...[4, 5].map((number) => ({ ...entry(number), position: `2-${number}`, era: 1 })))],
  'logged twice after the log was erased': [['doubled in the log'], (run) =>
    run.log.push(...[5, 5].map((number) => ({ ...entry(number), position: '2-1', era: 1 })))],
  'logged twice': [['doubled in the log'], (run) => run.log.push({ ...entry(5), position: '2-1' })],
  'logged in another order': [['log order', 'order'], (run) => {
    run.log.push(run.log.splice(2, 1)[0]);
    run.history.push(run.history.splice(run.history.findIndex(({ number }) => number === 3), 1)[0]);
  }],
};

// Another client at the same edge has heard 1 and 2 when this one asks for the room.
test('from before the join', () => {
  const { log, published, history } = clean();
  const rules = (kept, room = ROOM) => checker.checkHistories([
    { name: 'u1', user: 'u1', history },
    { name: 'u2', user: 'u2', history: [
      { kind: 'connect', recovered: false, edge: 'edge-1', at: 15 },
      { kind: 'asking', room, at: 250 }, { kind: 'joined', room, at: 255 },
      ...kept.map((number) => ({ ...heard(number, room), at: 600 + number }))] },
  ], published, log).map(({ rule }) => rule);
  assert.deepEqual(rules([3, 4, 5]), []);
  assert.deepEqual(rules([2, 3, 4, 5]), ['from before the join']);
});

for (const [name, [expected, spoil]] of Object.entries(CASES)) {
  test(name, () => {
    const run = clean();
    spoil(run);
    assert.deepEqual(rulesOf(run), expected);
  });
}

const LIMIT = 300;
const samples = (...ready) => ready.map((is, i) => ({ at: 100 * i, ready: is === 1 }));
const inVain = (ready, owed, delivered) =>
  checker.checkReadiness('edge-1', samples(...ready), owed, delivered, LIMIT).length;

for (const [name, expected, ...run] of [
  ['ready, owes and gives nothing', 1, [1, 1, 1, 1, 1, 1], [50], []],
  ['gives in time', 0, [1, 1, 1, 1, 1, 1], [50], [240]],
  ['gives what is older', 1, [1, 1, 1, 1, 1, 1], [150], [140]],
  ['owes nothing', 0, [1, 1, 1, 1, 1, 1], [], []],
  ['says that it is not ready', 0, [1, 1, 0, 1, 1, 1], [50], []],
  ['ready again, and gives nothing', 1, [0, 0, 1, 1, 1, 1, 1, 1], [50, 210], []],
]) {
  test(`readiness: ${name}`, () => assert.equal(inVain(...run), expected));
}

test('an edge owes what none of its clients hears in time, to those who are there and stay', () => {
  const { history, log, published } = clean();
  const sentOf = new Map(published.map(({ room, number, sent }) => [`${room}/${number}`, sent]));
  const owed = (changed, edge = 'edge-1') =>
    checker.owedByEdge(edge, [{ user: 'u1', history: changed }], log, sentOf, LIMIT);
  const deaf = history.filter(({ kind }) => kind !== 'event');
  assert.deepEqual(owed(history), []);
  assert.deepEqual(owed(deaf), log.map(({ at }) => at));
  assert.deepEqual(owed([...deaf, { ...heard(2), at: 2000 }]), log.map(({ at }) => at));
  assert.deepEqual(owed([...deaf, { kind: 'disconnect', at: 520 }]), [105, 205]);
  assert.deepEqual(owed(deaf, 'edge-2'), []);
  // Sent before it had joined, and found in the log behind that.
  const late = deaf.map((one) => (one.kind === 'joined' ? { ...one, at: 102 } : one));
  assert.deepEqual(owed(late), log.slice(1).map(({ at }) => at));
});

test('a relay owes what was confirmed and is not logged in time', () => {
  const { published, log } = clean();
  assert.deepEqual(checker.owedByRelay(published, log, LIMIT), []);
  assert.deepEqual(checker.owedByRelay(published, log.slice(0, 4), LIMIT), [503]);
  assert.deepEqual(checker.owedByRelay(published, [{ ...log[0], at: 900 }, ...log.slice(1)], LIMIT), [103]);
});

for (const [name, expected, more] of [
  ['nothing wrong', [], {}],
  ['a number that was never logged', [], { jumps: [{ room: ROOM, last: 5, number: 7 }] }],
  ['one is missing', ['lost'], { jumps: [{ room: ROOM, last: 1, number: 3 }] }],
  ['twice', ['twice'], { jumps: [{ room: ROOM, last: 3, number: 3 }] }],
  ['order', ['order'], { jumps: [{ room: ROOM, last: 3, number: 2 }] }],
  ['some do not come back', ['not fresh'], { ready: 9 }],
  ['it hears nothing', ['not fresh'], { heard: 0 }],
]) {
  test(`the crowd: ${name}`, () => assert.deepEqual(checker.checkCrowd(
    { count: 10, ready: 10, heard: 50, jumps: [], ...more }, clean().log)
    .map(({ rule }) => rule), expected));
}

test('holdings: memory and descriptors', () => {
  const judge = (now) => checker.checkHoldings('edge-1', { fds: 20, bytes: 1000 }, now,
    { fds: 2, bytes: 100 }).map(({ rule }) => rule);
  assert.deepEqual(judge({ fds: 22, bytes: 1100 }), []);
  assert.deepEqual(judge({ fds: 23, bytes: 1000 }), ['descriptors']);
  assert.deepEqual(judge({ fds: 20, bytes: 1101 }), ['memory']);
});
