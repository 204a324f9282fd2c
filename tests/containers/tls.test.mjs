// TLS between the containers and both brokers: with docker-compose.tls.yml nothing else is spoken there, and the
// tools know it too. tests/containers/run starts it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containers, inside, untilHealthy } from './stack.mjs';
import { listenMeanwhile, toolsLine, type } from './typed.mjs';

const FILES = ['--file compose/docker-compose.yml', '--file compose/docker-compose.tls.yml'];

test('all containers are healthy, and the relay is ready', async () => {
  await untilHealthy();
  const [relay] = await containers('relay');
  assert.match(await inside(relay, 'curl', '-sS', 'http://127.0.0.1:9103/ready'), /ok \(active\)/);
});

test('RabbitMQ has connections with TLS alone', async (t) => {
  const [rabbitmq] = await containers('rabbitmq');
  const list = await inside(rabbitmq, 'rabbitmqctl', '--quiet', 'list_connections', 'ssl', 'ssl_protocol');
  const rows = list.trim().split('\n').filter((row) => !row.startsWith('ssl\t'));
  assert.ok(rows.length > 0);
  for (const row of rows) assert.match(row, /^true\ttlsv1\.[23]$/);
  assert.doesNotMatch(await inside(rabbitmq, 'rabbitmq-diagnostics', '--quiet', 'listeners'), /port: 5672/);
  t.diagnostic(rows.join(', '));
});

test('Redis answers with TLS alone', async () => {
  const [redis] = await containers('redis');
  assert.notEqual(await inside(redis, 'redis-cli', 'ping'), 'PONG');
  const answer = await inside(redis, 'redis-cli', '--tls', '--cacert', '/run/secrets/brokers_ca', 'ping');
  assert.equal(answer, 'PONG');
});

test('the first event, with the tools', async (t) => {
  const line = await listenMeanwhile(FILES, async () => {
    assert.match(await type(await toolsLine('ws-publish', FILES)), /1 sent, 1 taken by a queue/);
  });
  t.diagnostic(line);
  const control = (await toolsLine('tools ws-token', FILES)).replace(/ws-token .*/, 'ws-control edges');
  assert.match(await type(control), /"edge":/);
});
