// RABBITMQ_HOSTS: the nodes of a cluster are tried in turn, and when one dies the relay goes on at
// another, with nothing lost, doubled or out of order.
// Begins early: RabbitMQ takes a while to start.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { sharedBrokers } from './support/brokers.mjs';
import { run } from './support/child.mjs';
import { assertFlowSurvives } from './support/flow.mjs';
import { built, gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';
import { freePort } from './support/ports.mjs';
import { RabbitMq } from './support/rabbitmq.mjs';
import { until } from './support/wait.mjs';

const UNKNOWN = 'no-such-host.invalid'; // RFC 6761: no name server knows it

const dir = await mkdtemp(join(tmpdir(), 'rabbitmq-hosts-'));
const nodes = await RabbitMq.cluster(dir, 3);
const brokers = { redis: sharedBrokers().redis, rabbitmq: nodes[1], stop: async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  await rm(dir, { recursive: true, force: true });
} };
const made = await gateway({ brokers, edges: 0, relays: 0 });

const at = ({ port }) => `127.0.0.1:${port}`;
const settings = (list) => ({ RABBITMQ_HOST: '', RABBITMQ_PORT: '', RABBITMQ_HOSTS: list.join(),
  RABBITMQ_QUEUE_TYPE: 'quorum' });
const all = settings(nodes.map(at));
const tool = (name, args, env) =>
  run(built(name), args, { env: { ...made.env, ...env }, cwd: dir });

async function isActive(relay) {
  return (await request(`${relay.opsUrl}/ready`)).body.startsWith('ok (active)');
}

const eventBus = async () => (await request(`${made.edge.url}/health`)).json().eventBus;

// Waits until /health names one of these nodes.
async function assertHealthNames(...some) {
  await until('/health to name the node in use', async () => {
    const { isConnected, port } = await eventBus();
    return isConnected && some.some((node) => port === node.port);
  });
}

test('hosts that do not serve are passed over, and named', async () => {
  const nobody = await freePort();
  const list = [`${UNKNOWN}:5672`, `127.0.0.1:${nobody}`, ...nodes.map(at)];
  const relay = await made.addRelay(settings(list));
  await made.addEdge();
  await made.ready();
  await relay.logs(new RegExp(`consuming from RabbitMQ host=127.0.0.1 port=${nodes[0].port}`));
  const about = (place) => relay.lines.filter((line) =>
    line.includes(`what=\\"RabbitMQ at ${place}\\"`)).length;
  assert.equal(about(list[1]), 1, relay.log);
  assert.ok(about(list[0]) > 0, relay.log); // the name server may be slow, and then say something else
  await assertHealthNames(nodes[0]);
  await relay.stop();
  const { code, stderr } = await tool('ws-dead-letters', ['list'], settings(list));
  assert.equal(code, 0, stderr);
  assert.match(stderr, new RegExp(`${UNKNOWN}:5672 cannot be reached.*RABBITMQ_HOSTS`));
  assert.match(stderr, new RegExp(`127.0.0.1:${nobody} cannot be reached`));
});

test('while no host serves, each is named once', async () => {
  const ports = [await freePort(), await freePort()];
  const relay = await made.addRelay(settings(ports.map((port) => `127.0.0.1:${port}`)));
  await until('some rounds', async () => (await eventBus()).reconnectAttempts >= 3);
  for (const port of ports) {
    assert.equal(relay.lines.filter((line) => line.includes(`at 127.0.0.1:${port}`)).length, 1, relay.log);
  }
  await relay.stop();
  const { code, stderr } = await tool('ws-publish', ['a.b', '{}'], relay.env);
  assert.equal(code, 1);
  for (const port of ports) assert.match(stderr, new RegExp(`127.0.0.1:${port} cannot be reached`));
});

test('the node dies: the relay goes on at another, in order', async (t) => {
  const relay = await made.addRelay(all);
  await relay.ready();
  await assertHealthNames(nodes[0]);
  await assertFlowSurvives(t, made, 'node-dies', () => nodes[0].kill());
  await relay.logs(new RegExp(`consuming from RabbitMQ host=127.0.0.1 port=(${nodes[1].port}|${nodes[2].port})`));
  await assertHealthNames(nodes[1], nodes[2]);
});

test('and so does a relay that stood by, when the active one dies', async (t) => {
  const [first] = made.relays.slice(-1);
  const second = await made.addRelay(all);
  await second.ready();
  await until('the first to be active', () => isActive(first));
  await assertFlowSurvives(t, made, 'relay-dies', () => first.kill());
  assert.ok(await isActive(second));
});

test('the tools go on too', async () => {
  const event = ['message.sent', '{"conversationId":"c","message":"m"}'];
  const { code, stderr } = await tool('ws-publish', event, all);
  assert.equal(code, 0, stderr);
  assert.match(stderr, new RegExp(`RabbitMQ at ${at(nodes[0])} cannot be reached`));
});
