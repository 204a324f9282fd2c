// A queue of dead letters that takes none: the living go on, and it is said what is lost.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import amqp from 'amqplib';
import { DEAD_LETTERS, QUEUES } from './support/brokers.mjs';
import { connect } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';
import { until } from './support/wait.mjs';

const { brokers, edge, relay, services } = await gateway();

const connection = await amqp.connect(brokers.rabbitmq.url);
const channel = await connection.createChannel();
test.after(() => connection.close());

const ready = () => request(`${relay.opsUrl}/ready`);

async function assertLivingGoOn(t, room) {
  const user = await connect(t, edge, { userId: 'u1' });
  await user.join('conversation', room);
  const lost = await relay.metric('ws_relay_dead_letters_lost_total');
  await Promise.all(Array.from({ length: 230 }, (_, i) => services.publish('message.sent', `bad ${i}`)));
  await services.publish('message.sent', { conversationId: room, message: 'good' });
  assert.equal((await user.next('new_message')).message, 'good');
  await until('an empty queue', async () => (await services.waiting(QUEUES[0])) === 0);
  const { status, body } = await ready();
  assert.deepEqual([status, body], [503, 'dead letters cannot be put aside']);
  assert.equal(await relay.metric('ws_relay_dead_letters_failing'), 1);
  // A half of the prefetch may wait.
  assert.equal((await relay.metric('ws_relay_dead_letters_lost_total')) - lost, 130);
  assert.equal(await relay.metric('ws_relay_dead_letters_waiting'), 100);
  await relay.logs(/dead letters are given up/);
  const told = relay.logLines().filter(({ level, message }) =>
    level === 'error' && message.startsWith('dead letters are given up'));
  assert.match(told.at(-1).message, /queue=websocket\.dead-letter lost=\d+ waiting=\d+ reason="/);
  assert.ok(told.length < 5, 'one line says so for many');
}

async function assertRecovers() {
  await channel.deleteQueue(DEAD_LETTERS);
  await channel.assertQueue(DEAD_LETTERS, { durable: true });
  await until('letters', async () => (await services.waiting(DEAD_LETTERS)) === 100);
  await relay.ready();
  assert.equal(await relay.metric('ws_relay_dead_letters_failing'), 0);
  await channel.purgeQueue(DEAD_LETTERS);
}

// The relay has no connection for letters yet, and must declare their queue.
test('it belongs to somebody else', async (t) => {
  await channel.deleteQueue(DEAD_LETTERS);
  await channel.assertQueue(DEAD_LETTERS, { durable: true, exclusive: true });
  await assertLivingGoOn(t, 'locked');
  await assertRecovers();
});

test('it is full and refuses them', async (t) => {
  await channel.deleteQueue(DEAD_LETTERS);
  await channel.assertQueue(DEAD_LETTERS,
    { durable: true, arguments: { 'x-max-length': 0, 'x-overflow': 'reject-publish' } });
  await assertLivingGoOn(t, 'full');
  await assertRecovers();
});
