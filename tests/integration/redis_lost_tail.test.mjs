// Without REDIS_WAIT_REPLICAS a failover may lose the newest events of the log, which RabbitMQ has
// not any more. An edge that has not got them says so, and its clients begin afresh.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, test } from 'node:test';
import { startBrokers } from './support/brokers.mjs';
import { newConversation } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { Line } from './support/line.mjs';
import { command } from './support/redis.mjs';
import { primaryBehindWire } from './support/sentinel.mjs';
import { Traveller, say } from './support/traveller.mjs';
import { until } from './support/wait.mjs';
import { replications, subscriptions } from './support/wire.mjs';

const LOG = 'ws:log:{0}';

const brokers = await startBrokers(['redis']);
const { wire, replica, settings, stop } = await primaryBehindWire(brokers);
after(stop);

const made = await gateway({ brokers, edges: 0, relays: 0, env: settings });
const relay = await made.addRelay();
const edge = await made.addEdge();
await made.ready();

const logged = async (redis) => Number(await command(redis.port, ['XLEN', LOG]));

// While it stands still, an edge does not find out that it is told nothing any more.
async function freeze(process) {
  process.child.signal('SIGSTOP');
  await until('it to stand still', async () =>
    /\) T /.test(await readFile(`/proc/${process.child.pid}/stat`, 'utf8')));
}

test('events that were lost with the primary are told', async (t) => {
  const room = newConversation();
  const line = await Line.to(t, edge);
  const traveller = await Traveller.connect(t, line, { userId: 'u1' });
  await traveller.join('conversation', room.id);
  await say(made.services, room, 'seen');
  await traveller.heard(['seen']);
  await until('the replica to have it', async () => (await logged(replica)) === 1);

  await freeze(edge);
  assert.ok(wire.mute(replications) > 0);
  assert.ok(wire.mute(subscriptions) > 0);
  await say(made.services, room, 'lost');
  await until('it to be in the log', async () => (await logged(brokers.redis)) === 2);
  await until('it to be acknowledged', async () =>
    (await relay.metric('ws_relay_published_total')) === 2);
  assert.equal(await logged(replica), 1);
  await brokers.redis.kill();
  await until('the replica to be the primary', async () =>
    (await command(replica.port, ['ROLE']))[0] === 'master');
  edge.child.signal('SIGCONT');

  await relay.ready();
  await say(made.services, room, 'next');
  const { recovered } = await traveller.back(1);
  assert.equal(recovered, false);
  await edge.logs(/events were lost; clients are told to reconnect shard=0 /);
  assert.ok(await edge.metric('ws_edge_losses_total') > 0);
  assert.ok(await edge.metric('ws_edge_loss_disconnects_total') > 0);
  assert.ok(!traveller.said.includes('lost'));

  await traveller.join('conversation', room.id);
  await say(made.services, room, 'after');
  await until('what comes after', () => traveller.said.includes('after'));
});
