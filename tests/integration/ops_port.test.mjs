// The operations port of both programs: /live, /ready, /metrics.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connect } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';
import { assertPrometheus } from './support/prometheus.mjs';
import { until } from './support/wait.mjs';

const made = await gateway();
const { edge, relay, services } = made;

const ops = (process, path, options) => request(process.opsUrl + path, options);

for (const process of [edge, relay]) {
  describe(process.program, () => {
    test('is live and ready', async () => {
      for (const path of ['/live', '/ready']) {
        const answer = await ops(process, path);
        assert.equal(answer.status, 200);
        assert.equal(answer.body, path === '/ready' && process === relay ? 'ok (active)' : 'ok');
      }
    });

    test('has metrics that Prometheus can read', async () => {
      const answer = await ops(process, '/metrics');
      assert.equal(answer.status, 200);
      assert.match(answer.headers['content-type'], /^text\/plain; version=0\.0\.4/);
      assertPrometheus(answer.body);
    });

    test('knows nothing else', async () => {
      assert.equal((await ops(process, '/')).status, 404);
      assert.equal((await ops(process, '/socket.io/?EIO=4&transport=polling')).status, 404);
      assert.notEqual((await ops(process, '/live', { method: 'POST', body: 'x' })).status, 200);
    });
  });
}

test('the client port does not answer for it', async () => {
  for (const path of ['/live', '/ready']) {
    assert.equal((await request(edge.url + path)).status, 404);
  }
});

test('metrics follow what happens', async (t) => {
  const events = await relay.metric('ws_relay_published_total');
  const sockets = await edge.metric('ws_edge_sockets');
  const client = await connect(t, edge, { userId: 'u1' });
  await services.publish('booking.confirmed', { bookingId: 'b1', userId: 'u1' });
  await client.next('booking_update');
  await until('one socket more', async () =>
    (await edge.metric('ws_edge_sockets')) === sockets + 1);
  await until('one event more', async () =>
    (await relay.metric('ws_relay_published_total')) === events + 1);
});

test('names of rooms and users are no labels', async (t) => {
  const client = await connect(t, edge, { userId: 'very-special-user' });
  await client.join('conversation', 'very-special-room');
  assert.doesNotMatch((await ops(edge, '/metrics')).body, /very-special/);
});

test('OPS_PORT=0 takes a free port and logs it', async () => {
  const other = await made.addEdge({ OPS_PORT: '0' });
  const line = await until('the port in the log', () =>
    other.logLines().find(({ module, message }) => module === 'ops' && /port=\d+/.test(message)));
  const port = Number(/port=(\d+)/.exec(line.message)[1]);
  await until('readiness there', async () =>
    (await request(`http://127.0.0.1:${port}/ready`)).status === 200);
});

test('PORT=0 takes a free port and logs it', async () => {
  const other = await made.addEdge({ PORT: '0' });
  const line = await until('the port in the log', () => other.logLines().find(
    ({ module, message }) => module === 'acceptor' && /^listening .*port=\d+/.test(message)));
  const port = Number(/port=(\d+)/.exec(line.message)[1]);
  assert.equal((await request(`http://127.0.0.1:${port}/health`)).status, 200);
});

test('an edge without a relay is live but not ready', async () => {
  await relay.stop();
  await until('not ready', async () => (await ops(edge, '/ready')).status === 503);
  assert.ok((await ops(edge, '/ready')).body.trim().length > 0, 'a reason is given');
  assert.equal((await ops(edge, '/live')).status, 200);
  await relay.start();
  await edge.ready();
});
