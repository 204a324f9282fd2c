// RabbitMQ dies and comes back: the gateway waits for it, and nothing is lost.
// Begins early: RabbitMQ takes a while to start.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startBrokers } from './support/brokers.mjs';
import { connect } from './support/clients.mjs';
import { assertAllArrivedWith, numbersOf, publishFlow } from './support/flow.mjs';
import { gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';
import { until } from './support/wait.mjs';

const brokers = await startBrokers(['rabbitmq']);
const { edge, relay } = await gateway({ brokers });

const health = async () => (await request(`${edge.url}/health`)).json();

test('killed in mid-flow: all confirmed messages arrive', async (t) => {
  const client = await connect(t, edge, { userId: 'u1' });
  await client.join('conversation', 'flow');
  let outage;
  const again = await publishFlow(brokers, {
    room: 'flow',
    count: 300,
    disturb: async (number) => {
      if (number !== 150) return;
      await until('messages in flight', () => numbersOf(client).length > 0);
      await brokers.rabbitmq.kill();
      await until('degraded', async () => (await health()).status === 'degraded');
      outage = await until('an attempt to reconnect', async () => {
        const state = await health();
        return state.eventBus.reconnectAttempts > 0 && state;
      });
      await until('a relay that is not ready', async () =>
        (await request(`${relay.opsUrl}/ready`)).status === 503);
      await brokers.rabbitmq.start();
    },
  });
  assert.equal(outage.eventBus.isConnected, false);
  assert.equal(outage.redis, 'connected');
  await assertAllArrivedWith(again, client, 300);
  assert.deepEqual(client.disconnects, []);
});

test('afterwards all is well', async () => {
  const state = await until('healthy', async () => {
    const now = await health();
    return now.status === 'healthy' && now;
  });
  assert.equal(state.eventBus.isConnected, true);
  assert.equal(state.eventBus.reconnectAttempts, 0);
  await relay.ready();
});

test('typing needs no RabbitMQ', async (t) => {
  await brokers.rabbitmq.kill();
  const one = await connect(t, edge, { userId: 'u1' });
  const two = await connect(t, edge, { userId: 'u2' });
  await one.join('conversation', 'c1');
  await two.join('conversation', 'c1');
  await one.ack('typing', { roomType: 'conversation', roomId: 'c1' });
  await two.next('user_typing');
});
