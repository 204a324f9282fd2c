// Edges are restarted one after the other, or killed, while messages flow to many clients.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gateway } from './support/gateway.mjs';
import { Traveller, say } from './support/traveller.mjs';
import { sleep, until } from './support/wait.mjs';

const CLIENTS = 40;
const made = await gateway({ env: { SHARE_PORT: 'true', DRAIN_SECONDS: '1' } });
const { edge: first, services } = made;
const second = await made.addEdge({}, first.port);
await second.ready();

// Calls `disturb` while messages are said in a room of all clients; returns the clients.
async function flow(t, room, disturb) {
  const travellers = await Promise.all(Array.from({ length: CLIENTS }, async (_, i) => {
    const traveller = await Traveller.connect(t, first,
      { userId: `${room.id}-${i}` });
    await traveller.join('conversation', room.id);
    return traveller;
  }));
  let said = 0;
  let over = false;
  const saying = (async () => {
    for (; !over; said++) {
      await say(services, room, said);
      await sleep(5);
    }
  })();
  await disturb();
  await sleep(500);
  over = true;
  await saying;
  for (const traveller of travellers) {
    await until('the last message', () => traveller.said.at(-1) === said - 1);
    assert.deepEqual(traveller.said, Array.from({ length: said }, (_, i) => i));
    assert.ok(traveller.connects.slice(1).every(({ recovered }) => recovered));
  }
  assert.ok(travellers.some(({ connects }) => connects.length > 1), 'nobody had to come back');
}

test('a rolling restart: everybody recovers, nothing is lost or doubled', async (t) => {
  await flow(t, { id: 'rolling' }, async () => {
    for (const edge of [first, second]) {
      await edge.stop();
      await edge.start();
      await edge.ready();
    }
  });
});

test('edges are killed in turn: everybody recovers, nothing is lost or doubled', async (t) => {
  await flow(t, { id: 'killed' }, async () => {
    for (const edge of [first, second]) {
      await edge.kill();
      await sleep(300);
      await edge.start();
      await edge.ready();
    }
  });
});
