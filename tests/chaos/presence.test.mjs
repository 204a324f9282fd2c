// What the suite knows of who is online and in which rooms, by the history of each client.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkPresence, expected, nobody } from './presence.mjs';

const ROOM = 'conversation:c1';
const OTHER = 'conversation:c2';

const connect = (recovered) => ({ kind: 'connect', recovered, edge: 'edge-1', at: 10 });
const word = (kind, at = 20, room = ROOM) => ({ kind, room, at });
const enters = [word('asking'), word('joined')];

for (const [name, counts, history] of [
  ['has joined', [1, 1], [connect(false), ...enters]],
  ['has left', [0, 0], [connect(false), ...enters, word('leaving'), word('left')]],
  ['a join without an answer', [0, 1], [connect(false), word('asking')]],
  ['a leave without an answer', [0, 1], [connect(false), ...enters, word('leaving')]],
  ['a leave that Redis may not have noted', [0, 1],
    [connect(false), ...enters, word('leaving'), word('left', 5100)]],
  ['recovered', [1, 1], [connect(false), ...enters, { kind: 'disconnect', at: 30 }, connect(true)]],
  ['not recovered', [0, 0], [connect(false), ...enters, { kind: 'disconnect', at: 30 }, connect(false)]],
]) {
  test(`presence: ${name}`, () => assert.deepEqual(
    expected([{ user: 'u1', history }], [ROOM, OTHER], 0),
    { [ROOM]: counts, [OTHER]: [0, 0], u1: [1, 1], crowd: [0, 0] }));
}

test('presence: the crowd is in all rooms', () => {
  const counts = expected([], [ROOM, OTHER], 5);
  assert.deepEqual(counts, { [ROOM]: [3, 3], [OTHER]: [2, 2], crowd: [5, 5] });
  assert.deepEqual(nobody(counts), { [ROOM]: [0, 0], [OTHER]: [0, 0], crowd: [0, 0] });
});

test('presence: too many, too few, not there', () => {
  const faults = (found) => checkPresence({ u1: [1, 1], [ROOM]: [2, 3] }, found).map(({ text }) => text);
  assert.deepEqual(faults({ u1: 1, [ROOM]: 2 }), []);
  assert.deepEqual(faults({ u1: 1, [ROOM]: 3 }), []);
  assert.deepEqual(faults({ u1: 0, [ROOM]: 4 }), ['u1: 0, and not 1', `${ROOM}: 4, and not 2 to 3`]);
  assert.deepEqual(faults({ u1: 2 }), ['u1: 2, and not 1', `${ROOM}: undefined, and not 2 to 3`]);
});
