// The checker of the uplink sees what it is there for: a clean run, and the same with one fault planted.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkEmpty, checkUplink } from './uplink_checker.mjs';

const told = (number, attempt = number, acked = 100 * number + 5) =>
  ({ user: 'u1', number, attempt, sent: 100 * number, acked });
const came = (number, attempt = number, id = `${attempt}-0`) =>
  ({ id, userId: 'u1', user: 'u1', number, attempt });

const clean = () => ({ told: [1, 2, 3].map((n) => told(n)), arrived: [1, 2, 3].map((n) => came(n)), erased: [] });

// 2 is told twice: the first attempt has no ack.
const again = (...arrived) => (run) => {
  run.told = [told(1), told(2, 2, null), told(2, 3), told(3, 4)];
  run.arrived = [came(1), ...arrived];
};

const CASES = {
  'nothing wrong': [[], () => {}],
  'an acked one is missing': [['acked, not arrived'], (run) => run.arrived.splice(1, 1)],
  'the last one is missing': [['acked, not arrived'], (run) => run.arrived.pop()],
  'one without an ack is missing': [[], (run) => run.told.push(told(4, 4, null))],
  'the suite has erased it': [[], (run) => run.erased.push(run.arrived.pop())],
  'the suite has erased another one': [['acked, not arrived'],
    (run) => run.erased.push({ ...run.arrived.pop(), user: 'u2' })],
  'erased, and arrived all the same': [[], (run) => run.erased.push(run.arrived[2])],
  'again under the same id': [[], (run) => run.arrived.push(came(2))],
  'again under another id': [['under two ids'], (run) => run.arrived.push(came(2, 2, '9-0'))],
  'one without an ack comes under two ids': [['under two ids'],
    again(came(2, 2), came(2, 3), came(3, 4), came(2, 2, '9-0'))],
  'two are exchanged': [['told order'], (run) => run.arrived.push(run.arrived.splice(1, 1)[0])],
  'two users overtake one another': [[], (run) => {
    run.told.push({ ...told(9), user: 'u2' });
    run.arrived.unshift({ ...came(9), userId: 'u2', user: 'u2' });
  }],
  'nobody has sent it': [['never sent'], (run) => run.arrived.push(came(4))],
  'with another number than it was sent': [['never sent'], (run) => run.arrived.push(came(4, 3))],
  'in the name of another': [['wrong user'], (run) => { run.arrived[0].userId = 'u2'; }],
  'in nobody\'s name': [['wrong user'], (run) => { run.arrived[0].userId = null; }],
  'both attempts arrive': [[], again(came(2, 2), came(2, 3), came(3, 4))],
  'the attempt without an ack comes last': [[], again(came(2, 3), came(3, 4), came(2, 2))],
  'only the attempt without an ack arrives': [['acked, not arrived'], again(came(2, 2), came(3, 4))],
};

for (const [name, [expected, spoil]] of Object.entries(CASES)) {
  test(`the uplink: ${name}`, () => {
    const run = clean();
    spoil(run);
    assert.deepEqual(checkUplink(run.told, run.arrived, run.erased).map(({ rule }) => rule), expected);
  });
}

test('the uplink is empty in the end', () => {
  assert.deepEqual(checkEmpty({ entries: 0, bytes: null }), []);
  for (const left of [{ entries: 1, bytes: '80' }, { entries: 0, bytes: '80' }, { entries: 1, bytes: null }]) {
    assert.deepEqual(checkEmpty(left).map(({ rule }) => rule), ['uplink not empty']);
  }
});
