// docs/operations.md, "Rolling upgrades": every program is replaced, one after the other, while
// events flow.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from './support/clients.mjs';
import { assertAllArrived, numbersOf, publishFlow } from './support/flow.mjs';
import { gateway } from './support/gateway.mjs';
import { until } from './support/wait.mjs';

const made = await gateway({ edges: 2, relays: 2 });

const isActive = async (relay) => (await relay.metric('ws_relay_active')) === 1;

// Starts a relay of the new version and stops the old one; the standby ones first.
async function replaceRelays(old) {
  const active = (await isActive(old[0])) ? old[0] : old[1];
  for (const relay of [old.find((one) => one !== active), active]) {
    await (await made.addRelay()).ready();
    await relay.stop();
  }
}

async function replaceEdge(old) {
  const edge = await made.addEdge();
  await edge.ready();
  await old.stop();
  return edge;
}

test('a client whose edge stays gets every event once and in order', async (t) => {
  const [stays, goes] = made.edges;
  const staying = await connect(t, stays, { userId: 'u1' });
  const leaving = await connect(t, goes, { userId: 'u2' });
  for (const client of [staying, leaving]) await client.join('conversation', 'flow');
  const oldRelays = [...made.relays];
  const steps = new Map([
    [200, () => replaceRelays(oldRelays)],
    [400, () => replaceEdge(goes)],
  ]);
  await publishFlow(made.brokers, {
    room: 'flow', count: 600, disturb: (number) => steps.get(number)?.(),
  });
  await assertAllArrived([staying], 600);
  assert.deepEqual(staying.disconnects, []);
  assert.deepEqual(leaving.disconnects, ['transport close']);
  assert.deepEqual(numbersOf(leaving), numbersOf(leaving).map((_, i) => i), 'a gap before the end');
  await until('one active relay', async () => {
    const running = made.relays.filter(({ child }) => child.running);
    const active = await Promise.all(running.map(isActive));
    return running.length === 2 && active.filter(Boolean).length === 1;
  });
  const edges = made.edges.filter(({ child }) => child.running);
  assert.equal(edges.length, 2);
  for (const edge of edges) assert.equal(await edge.metric('ws_edge_losses_total'), 0);
});
