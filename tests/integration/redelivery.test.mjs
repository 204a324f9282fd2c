// What RabbitMQ delivers again: nothing comes twice, and no second copy is taken for a redelivery.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startBrokers } from './support/brokers.mjs';
import { connect, newConversation } from './support/clients.mjs';
import { assertAllArrived, numbersOf, publishFlow } from './support/flow.mjs';
import { gateway } from './support/gateway.mjs';
import { command } from './support/redis.mjs';
import { Services } from './support/services.mjs';
import { until, within } from './support/wait.mjs';
import { Wire } from './support/wire.mjs';

const brokers = await startBrokers();
const wire = await Wire.to(brokers.redis.port); // between the relay and Redis
after(() => wire.close());
const relayEnv = { REDIS_PORT: String(wire.port) };
const { edge, relay } = await gateway({ brokers, relayEnv });

const logged = () => command(brokers.redis.port, ['XLEN', 'ws:log:{0}']);

// The broker may forget any number of acknowledgements, not only a window of prefetched events.
test('RabbitMQ is killed while a backlog drains: all, once, in order', async (t) => {
  const COUNT = 6000;
  const client = await connect(t, edge, { userId: 'u1' });
  await client.join('conversation', 'backlog');
  await relay.stop();
  await publishFlow(brokers, { room: 'backlog', count: COUNT, few: 1000, pause: 0 });
  await relay.start();
  await until('much in the log', async () => (await logged()) > COUNT / 3);
  await brokers.rabbitmq.kill();
  const before = await logged();
  assert.ok(before < COUNT, 'it was too fast to be killed');
  await brokers.rabbitmq.start();
  await assertAllArrived([client], COUNT);
  t.diagnostic(`in the log before: ${before}, delivered again and skipped: ${
    await relay.metric('ws_relay_duplicates_total')}`);
  assert.equal(await logged(), COUNT);
  assert.deepEqual(client.disconnects, []);
});

test('killed in mid-flow with events that have no message-id: all, once, in order', async (t) => {
  const client = await connect(t, edge, { userId: 'u1' });
  await client.join('conversation', 'nameless');
  await relay.ready();
  let back;
  await publishFlow(brokers, {
    room: 'nameless',
    count: 600,
    named: false,
    disturb: async (number) => {
      if (number === 0 || number % 150 !== 0) return;
      await back;
      await until('messages in flight', () => numbersOf(client).length > 0);
      back = relay.kill().then(() => relay.start());
    },
  });
  await back;
  await assertAllArrived([client], 600);
});

// The relay dies with the last of several equal events in its hand, taken and not in the log.
async function diesWithOneInHand(t, copies, properties) {
  const room = newConversation();
  const client = await connect(t, edge, { userId: 'u1' });
  await client.join('conversation', room.id);
  await relay.ready();
  const service = await Services.connect(brokers);
  t.after(() => service.close());
  const say = () => service.publish('message.sent',
    { conversationId: room.id, message: 'hello', timestamp: '2026-01-01T00:00:00.000Z' },
    properties);
  for (let i = 1; i < copies; i++) await say();
  await until('the first ones', () => numbersOf(client).length === copies - 1);
  await until('the note that they are acknowledged', async () => {
    const [[newest]] = await command(brokers.redis.port,
      ['XREVRANGE', 'ws:log:{0}', '+', '-', 'COUNT', '1']);
    const [, acknowledged] = await command(brokers.redis.port, ['HGETALL', 'ws:acked']);
    return acknowledged === newest;
  });
  const taken = wire.freezeAt(room.name);
  await say();
  await within('the event to be taken', taken);
  await relay.kill();
  wire.thaw();
  await relay.start();
  await until('the last one', () => numbersOf(client).length === copies);
}

test('a second copy without a message-id is not lost', (t) => diesWithOneInHand(t, 2, {}));

test('nor one of a service that gives all its events one message-id', (t) =>
  diesWithOneInHand(t, 4, { messageId: 'always-the-same' }));
