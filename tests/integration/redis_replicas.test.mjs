// The primary is lost with what its replica did not have yet, and edges had. With
// REDIS_WAIT_REPLICAS the relay has not acknowledged that, and the new primary gets it, though it
// refuses writes at first. Meanwhile edges do not take its log for reset.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { assertNumbered } from './support/asserts.mjs';
import { startBrokers } from './support/brokers.mjs';
import { connect, newConversation } from './support/clients.mjs';
import { numbersOf } from './support/flow.mjs';
import { gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';
import { command } from './support/redis.mjs';
import { primaryBehindWire, replicate } from './support/sentinel.mjs';
import { until } from './support/wait.mjs';
import { replications } from './support/wire.mjs';

const EVENTS = 20;

const brokers = await startBrokers(['redis']);
const made = await gateway({ brokers, edges: 0, relays: 0 });
const readiness = (process) => request(`${process.opsUrl}/ready`);
const logged = async (redis) => Number(await command(redis.port, ['XLEN', 'ws:log:{0}']));

const { wire, replica, settings, stop } = await primaryBehindWire(brokers);
after(stop);
const relay = await made.addRelay({ ...settings, REDIS_WAIT_REPLICAS: '1' });
const edge = await made.addEdge(settings);
await made.ready();
const heartbeats = () => edge.metric('ws_edge_heartbeats_total');
const room = newConversation();

async function publish(from, to) {
  for (let message = from; message < to; message++) {
    await made.services.publish('message.sent', { conversationId: room.id, message },
      { messageId: `${room.id}-${message}` });
  }
}

test('what no replica has is appended again at the next primary', async (t) => {
  const client = await connect(t, edge, { userId: 'u1' });
  await client.join('conversation', room.id);
  await publish(0, EVENTS / 2);
  await until('the first half', () => numbersOf(client).length === EVENTS / 2);
  assert.equal(await relay.metric('ws_relay_unreplicated_batches_total'), 0);
  await until('the replica to have it', async () => (await logged(replica)) === EVENTS / 2);

  wire.mute(replications);
  await publish(EVENTS / 2, EVENTS);
  await until('the relay not to be ready', async () =>
    /fewer replicas than REDIS_WAIT_REPLICAS/.test((await readiness(relay)).body));
  assert.equal((await readiness(relay)).status, 503);
  assert.match(relay.log, /0 of 1 replicas have the newest events/);
  assert.ok(await relay.metric('ws_relay_unreplicated_batches_total') > 0);
  assert.equal(await logged(replica), EVENTS / 2);
  await until('the edge to have more', () => numbersOf(client).length > EVENTS / 2);
  await command(replica.port, ['CONFIG', 'SET', 'min-replicas-to-write', '1']);

  await brokers.redis.kill();
  await until('the replica to be the primary', async () =>
    (await command(replica.port, ['ROLE']))[0] === 'master');
  await until('it to refuse what is in doubt', () => /NOREPLICAS/.test(relay.log));
  const heard = await heartbeats();
  await until('the edge to hear the relay', async () => (await heartbeats()) >= heard + 3);
  assert.equal(await edge.metric('ws_edge_losses_total'), 0);
  assert.equal(await logged(replica), EVENTS / 2);
  await command(replica.port, ['CONFIG', 'SET', 'min-replicas-to-write', '0']);
  await until('what is in doubt to be appended', async () => (await logged(replica)) > EVENTS / 2);

  // A replica of the new primary: the relay goes on.
  await brokers.redis.start();
  await replicate(brokers.redis, replica.port);
  await relay.ready();
  await until('all of them', () => numbersOf(client).length >= EVENTS);
  assertNumbered(numbersOf(client), EVENTS);
  assert.equal(await logged(replica), EVENTS);
  await until('the replica to have all', async () => (await logged(brokers.redis)) === EVENTS);
});
