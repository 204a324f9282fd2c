// An edge whose subscription is cut reads what it missed from the log.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from './support/clients.mjs';
import { assertAllArrived, publishFlow } from './support/flow.mjs';
import { gateway } from './support/gateway.mjs';
import { command } from './support/redis.mjs';

const { edges: [here, there], brokers } = await gateway({ edges: 2 });

const cutSubscriptions = () => command(brokers.redis.port, ['CLIENT', 'KILL', 'TYPE', 'pubsub']);
const cutEverything = async () => {
  await cutSubscriptions();
  await command(brokers.redis.port, ['CLIENT', 'KILL', 'TYPE', 'normal']);
};

for (const [name, cut] of [['subscriptions', cutSubscriptions], ['connections', cutEverything]]) {
  test(`${name} are cut every 50 messages: all, once, in order`, async (t) => {
    const clients = [
      await connect(t, here, { userId: 'u1' }),
      await connect(t, there, { userId: 'u2' }),
    ];
    for (const client of clients) await client.join('conversation', name);
    let cuts = 0;
    await publishFlow(brokers, {
      room: name,
      count: 500,
      pause: 5,
      disturb: async (number) => {
        if (number % 50 !== 0) return;
        cuts += 1;
        // On its own, so that messages are published before, during and after it.
        cut().catch(() => {});
      },
    });
    assert.equal(cuts, 10);
    await assertAllArrived(clients, 500);
    for (const client of clients) assert.deepEqual(client.disconnects, []);
  });
}

test('the last message before a quiet time is not forgotten', async (t) => {
  const client = await connect(t, here, { userId: 'u1' });
  await client.join('conversation', 'quiet');
  for (let round = 0; round < 5; round++) {
    await Promise.all([
      cutSubscriptions(),
      publishFlow(brokers, { room: `quiet`, count: 1 }),
    ]);
  }
  for (let round = 0; round < 5; round++) await client.next('new_message');
});
