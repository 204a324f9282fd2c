// The relay ends, one way or the other, and is started again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEAD_LETTERS, QUEUES } from './support/brokers.mjs';
import { connect } from './support/clients.mjs';
import { assertAllArrived, numbersOf, publishFlow } from './support/flow.mjs';
import { gateway } from './support/gateway.mjs';
import { assertOnceWithin } from './support/limits.mjs';
import { until } from './support/wait.mjs';

const { edges: [here, there], relay, brokers, services } = await gateway({ edges: 2 });

async function flowWhile(t, room, end) {
  const clients = [
    await connect(t, here, { userId: 'u1' }),
    await connect(t, there, { userId: 'u2' }),
  ];
  for (const client of clients) await client.join('conversation', room);
  let ends = 0;
  let back;
  await publishFlow(brokers, {
    room,
    count: 600,
    pause: 5,
    disturb: async (number) => {
      if (number === 0 || number % 150 !== 0) return;
      await back;
      await until('messages in flight', () => numbersOf(clients[0]).length > 0);
      ends += 1;
      // Messages go on being published while it is away.
      back = end().then(() => relay.start());
    },
  });
  await back;
  assert.equal(ends, 3);
  await assertAllArrived(clients, 600);
  for (const client of clients) assert.deepEqual(client.disconnects, []);
}

test('kill -9 in mid-flow: all, once, in order', (t) => flowWhile(t, 'killed', () =>
  relay.kill()));

test('SIGTERM in mid-flow: all, once, in order', (t) => flowWhile(t, 'ended', async () => {
  await relay.ready(); // before that SIGTERM may meet a process that does not catch it yet
  await relay.stop();
}));

test('a backlog is worked off in order', async (t) => {
  const client = await connect(t, here, { userId: 'u1' });
  await client.join('conversation', 'backlog');
  await relay.stop();
  await publishFlow(brokers, { room: 'backlog', count: 1000, pause: 0 });
  assert.deepEqual(numbersOf(client), []);
  assert.equal(await services.waiting(QUEUES[0]), 1000);
  await relay.start();
  await assertAllArrived([client], 1000);
});

test('nothing was set aside, and the queues are empty', async () => {
  for (const queue of QUEUES) {
    await until(`an empty ${queue}`, async () => (await services.waiting(queue)) === 0);
  }
  await services.channel.assertQueue(DEAD_LETTERS, { durable: true });
  assert.equal(await services.waiting(DEAD_LETTERS), 0);
});

test('SIGTERM ends it quickly, with what it took published and acknowledged', () =>
  assertOnceWithin(4999, async () => {
    await relay.ready();
    const began = Date.now();
    await relay.stop();
    const took = Date.now() - began;
    await relay.start();
    await relay.ready();
    return took;
  }));
