// Presence while Redis dies, comes back, and has forgotten something.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Api, apiSettings, presenceFile } from './support/api.mjs';
import { startBrokers } from './support/brokers.mjs';
import { connect } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { command } from './support/redis.mjs';
import { until } from './support/wait.mjs';

const brokers = await startBrokers(['redis']);
const made = await gateway({
  brokers, env: { GATEWAY_FILE: await presenceFile(0) }, relayEnv: await apiSettings() });
const { edge, relay } = made;
const api = await Api.of(relay);
const redis = (...args) => command(brokers.redis.port, args);

const online = (id) => until(`${id} online`, async () =>
  (await api.ask('GET', `/v1/presence/users/${id}`)).json().connections === 1);
const offline = (id) => until(`${id} offline`, async () =>
  (await api.ask('GET', `/v1/presence/users/${id}`)).json().online === false);

// The edge itself keeps nothing of anybody any more.
const forgotten = () => until('an edge with nobody', async () =>
  (await edge.metric('ws_edge_presence_entries')) === 0);

test('who comes and goes while Redis is away is known afterwards', async (t) => {
  await connect(t, edge, { userId: 'stays' });
  const goes = await connect(t, edge, { userId: 'goes' });
  for (const id of ['stays', 'goes']) await online(id);
  await brokers.redis.kill();
  await until('the edge to notice', async () =>
    (await edge.metric('ws_edge_redis_connected')) === 0);
  assert.equal((await api.ask('GET', '/v1/presence/users/stays')).status, 503);
  goes.close();
  await connect(t, edge, { userId: 'comes' });
  await until('both unwritten', async () =>
    (await edge.metric('ws_edge_presence_unwritten')) >= 2);
  await brokers.redis.start();
  await offline('goes');
  for (const id of ['stays', 'comes']) await online(id);
});

test('a Redis with an older state gets all, and loses what it has too much', async (t) => {
  await forgotten();
  const goes = await connect(t, edge, { userId: 'ghost' });
  await online('ghost');
  await brokers.redis.save();
  goes.close();
  await offline('ghost');
  await forgotten();
  await connect(t, edge, { userId: 'new' });
  await online('new');
  await brokers.redis.kill();
  await brokers.redis.restore();
  await brokers.redis.start();
  await until('ghost to be out', async () => (await redis('EXISTS', 'ws:user:ghost')) === 0);
  await online('new');
});

test('what Redis forgets without a restart is written again', async (t) => {
  await connect(t, edge, { userId: 'kept' });
  await online('kept');
  await redis('FLUSHALL');
  await online('kept');
});
