// One relay speaks to the edges: the active one, and only where there is none another.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';
import { freePort } from './support/ports.mjs';
import { sleep, until } from './support/wait.mjs';
import { Wire } from './support/wire.mjs';

const made = await gateway({ relays: 0, edges: 0 });
const wire = await Wire.to(made.brokers.rabbitmq.port);
after(() => wire.close());
const former = await made.addRelay({ RABBITMQ_PORT: String(wire.port) });
await former.ready();
const edge = await made.addEdge();
await made.ready();

const says = async (relay, role) =>
  (await request(`${relay.opsUrl}/ready`)).body === `ok (${role})`;
const health = async () => (await request(`${edge.url}/health`)).json();
const heartbeats = (relay) => relay.metric('ws_relay_heartbeats_total');

// What the edge says about the event bus for a while.
async function watch(ms) {
  const states = [];
  for (const end = Date.now() + ms; Date.now() < end; await sleep(20)) {
    states.push((await health()).status);
  }
  return states;
}

let next;

test('the former active one has lost RabbitMQ only: it is silent while another is active', async () => {
  next = await made.addRelay();
  await until('it to stand by', () => says(next, 'standby'));
  wire.close();
  await until('the other to be active', () => says(next, 'active'));
  await until('healthy', async () => (await health()).status === 'healthy');
  const said = await heartbeats(former);
  const states = await watch(6000);
  assert.deepEqual([...new Set(states)], ['healthy'], `${states.length} answers`);
  assert.equal(await heartbeats(former), said);
});

test('one that starts and does not reach RabbitMQ is silent too', async () => {
  const starting = await made.addRelay({ RABBITMQ_PORT: String(await freePort()) });
  const states = await watch(4000);
  assert.deepEqual([...new Set(states)], ['healthy'], `${states.length} answers`);
  assert.equal(await heartbeats(starting), 0);
});

test('the active one dies: one that does not reach RabbitMQ says so', async () => {
  await next.kill();
  const state = await until('degraded', async () => {
    const now = await health();
    return now.status === 'degraded' && now.eventBus.reconnectAttempts > 0 && now;
  });
  assert.equal(state.eventBus.isConnected, false);
  await edge.ready();
  await next.start();
  await until('healthy', async () => (await health()).status === 'healthy');
});
