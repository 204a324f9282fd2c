// Redis dies and comes back: no client is disconnected, nothing is lost, nothing comes twice.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startBrokers } from './support/brokers.mjs';
import { connect } from './support/clients.mjs';
import { assertAllArrived, numbersOf, publishFlow } from './support/flow.mjs';
import { gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';
import { sleep, until } from './support/wait.mjs';

const brokers = await startBrokers(['redis']);
const { edges: [here, there], relay } = await gateway({ edges: 2, brokers });

const health = async (edge) => (await request(`${edge.url}/health`)).json();

test('killed twice in mid-flow: all messages, once, in order, at both edges', async (t) => {
  const clients = [
    await connect(t, here, { userId: 'u1' }),
    await connect(t, there, { userId: 'u2', transports: ['polling'] }),
  ];
  for (const client of clients) await client.join('conversation', 'flow');
  let killed = 0;
  let back;
  await publishFlow(brokers, {
    room: 'flow',
    count: 600,
    disturb: async (number) => {
      if (number !== 200 && number !== 400) return;
      await back;
      await until('messages in flight', () => numbersOf(clients[0]).length > 0);
      await brokers.redis.kill();
      killed += 1;
      // Messages go on being published while it is away.
      back = sleep(700).then(() => brokers.redis.start());
    },
  });
  assert.equal(killed, 2);
  await back;
  await assertAllArrived(clients, 600);
  for (const client of clients) assert.deepEqual(client.disconnects, []);
});

test('while it is down /health says so, and the edges are not ready', async (t) => {
  const client = await connect(t, here, { userId: 'u1' });
  await brokers.redis.kill();
  await until('degraded', async () => (await health(here)).status === 'degraded');
  assert.equal((await health(here)).redis, 'disconnected');
  assert.equal((await request(`${here.url}/health`)).status, 200);
  for (const process of [here, relay]) {
    await until('not ready', async () =>
      (await request(`${process.opsUrl}/ready`)).status === 503);
    assert.equal((await request(`${process.opsUrl}/live`)).status, 200);
  }
  // What needs no other edge goes on; a join that could not be remembered is none.
  await client.ack('leave_room', { roomType: 'conversation', roomId: 'c1' });
  assert.deepEqual(await client.ack('join_room', { roomType: 'conversation', roomId: 'c1' }),
    { error: 'Authorization unavailable' });
  await brokers.redis.start();
  for (const edge of [here, there]) {
    await until('healthy', async () => (await health(edge)).status === 'healthy');
    await edge.ready();
  }
  await relay.ready();
});

test('what clients say to one another flows between the edges again', async (t) => {
  const one = await connect(t, here, { userId: 'u1' });
  const two = await connect(t, there, { userId: 'u2' });
  await one.join('conversation', 'c2');
  await two.join('conversation', 'c2');
  await one.next('user_joined');
  await one.ack('typing', { roomType: 'conversation', roomId: 'c2' });
  await two.next('user_typing');
});
