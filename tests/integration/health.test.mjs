// GET /health as load balancers and operators read it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';
import { until } from './support/wait.mjs';

const { edge, relay, brokers } = await gateway();

const health = async () => request(`${edge.url}/health`);
const isStatus = (status) => async () => (await health()).json().status === status;

const HEALTHY = {
  status: 'healthy',
  service: 'websocket-gateway',
  version: '1.0.0',
  redis: 'connected',
  eventBus: {
    isConnected: true,
    reconnectAttempts: 0,
    host: '127.0.0.1',
    port: brokers.rabbitmq.port,
  },
};

test('all is well', async () => {
  const answer = await health();
  assert.equal(answer.status, 200);
  assert.match(answer.headers['content-type'], /^application\/json/);
  assert.deepStrictEqual(answer.json(), HEALTHY);
});

test('HEAD answers without a body', async () => {
  const answer = await request(`${edge.url}/health`, { method: 'HEAD' });
  assert.equal(answer.status, 200);
  assert.equal(answer.body, '');
});

test('a query does not matter', async () => {
  assert.equal((await request(`${edge.url}/health?full=1`)).status, 200);
});

test('no token and no Origin rule stands before it', async () => {
  const answer = await request(`${edge.url}/health`, { headers: { Origin: 'https://x.example' } });
  assert.equal(answer.status, 200);
});

test('unknown paths are 404', async () => {
  for (const path of ['/', '/healthz', '/health/x', '/socket.io', '/favicon.ico']) {
    assert.equal((await request(edge.url + path)).status, 404, path);
  }
});

test('without a relay it is degraded, and healthy again when one is back', async () => {
  await relay.stop();
  await until('degraded', isStatus('degraded'));
  const answer = await health();
  assert.equal(answer.status, 200);
  const body = answer.json();
  assert.equal(body.eventBus.isConnected, false);
  assert.equal(body.redis, 'connected');
  await relay.start();
  await until('healthy', isStatus('healthy'));
  assert.deepStrictEqual((await health()).json(), HEALTHY);
});
