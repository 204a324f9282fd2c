// JWT_JWKS_URL: keys that an identity provider serves, changes, takes away, and lies about.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { Authority } from './support/certificates.mjs';
import { run } from './support/child.mjs';
import { client, connect } from './support/clients.mjs';
import { brokerSettings, built, gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';
import { Key, KeyServer } from './support/key_server.mjs';
import { freePort } from './support/ports.mjs';
import { token } from './support/tokens.mjs';
import { until } from './support/wait.mjs';

const dir = await mkdtemp(join(tmpdir(), 'jwks-'));
const servers = [];
after(async () => {
  await Promise.all(servers.map((server) => server.close()));
  await rm(dir, { recursive: true, force: true });
});

const authority = new Authority(dir);
const files = ({ certificate, key }) =>
  ({ cert: readFileSync(certificate), key: readFileSync(key) });
const good = files(authority.issue('localhost', { names: ['DNS:localhost'] }));

const made = await gateway({ edges: 0, env: { JWT_ALGORITHMS: 'HS256,ES256' } });

async function server(options) {
  const one = await KeyServer.start({ tls: good, ...options });
  servers.push(one);
  return one;
}

const edgeOf = (url, env = {}) =>
  made.addEdge({ JWT_JWKS_URL: url, JWT_JWKS_CA_FILE: authority.certificate, ...env });

// An edge and its provider, which has the key k1.
async function pair(env) {
  const first = new Key('k1');
  const provider = await server({ keys: [first] });
  const edge = await edgeOf(provider.url, env);
  await edge.ready();
  return { edge, provider, first };
}

const withToken = (value) => ({ auth: { token: value } });
const letIn = (t, edge, value) => connect(t, edge, withToken(value));
const refused = async (t, edge, value) =>
  assert.equal(await client(t, edge, withToken(value)).refusal(),
    'Authentication error: invalid signature');

const isOpen = (port) => new Promise((done) => {
  const socket = connectTcp(port, '127.0.0.1', () => { socket.destroy(); done(true); });
  socket.on('error', () => done(false));
});

const fetches = (edge, result) =>
  edge.metric(`ws_edge_jwks_fetches_total{result="${result}"}`);

async function counts(edge, result, more = 1) {
  const before = await fetches(edge, result);
  await until(`a fetch that is ${result}`, async () =>
    await fetches(edge, result) >= before + more);
}

// Each request of the edge ends in one result, before the next begins. So it has dealt with the
// first one that the rule answered when there are as many results as there were requests then.
async function tells(edge, provider, rule) {
  let requests;
  provider.say((...args) => {
    requests ??= provider.requests.length;
    rule(...args);
  });
  await until('the edge to be told', async () =>
    await edge.metric('ws_edge_jwks_fetches_total') >= requests);
}

async function waitTogether(t, { edge, provider, first }) {
  const second = new Key('k2');
  const inside = await letIn(t, edge, first.token('u1'));
  const give = provider.hold();
  const wait = (count) => until(`${count} to wait`, async () =>
    await edge.metric('ws_edge_jwks_tokens_waiting') === count, 8000);

  const strangers = [0, 1].map((i) =>
    refused(t, edge, new Key(`stranger${i}`).token('u2')));
  const comes = letIn(t, edge, second.token('u3'));
  const polls = connect(t, edge, { ...withToken(second.token('u4')), transports: ['polling'] });
  const refreshes = inside.ack('refresh_token', { token: second.token('u1') });
  const leaves = client(t, edge, withToken(second.token('u5')));
  for (const one of [comes, polls]) one.catch(() => {}); // they are looked at below
  await wait(6);
  leaves.close();
  await wait(5);
  const other = await inside.ack('refresh_token', { token: first.token('u1') });
  assert.equal(other.success, true);
  assert.deepEqual(await refreshes, { error: 'invalid signature' });
  const again = inside.ack('refresh_token', { token: second.token('u1') });
  await wait(5);

  give(first, second);
  await Promise.all([comes, polls, ...strangers]);
  assert.equal((await again).success, true);
  assert.equal(provider.requests.length, 2);
  assert.equal(await edge.metric('ws_edge_jwks_tokens_waiting'), 0);
}

// Nobody waits for over 5 s. On a machine that is too slow for that, another edge is asked.
test('tokens wait for one answer, connecting and refreshing', async (t) => {
  for (let tries = 1; ; tries++) {
    const both = await pair();
    try {
      await waitTogether(t, both);
      return;
    } catch (error) {
      if (tries === 4 || await fetches(both.edge, 'timeout') === 0) throw error;
    }
  }
});

// They wait for their own edges and providers only.
describe('JWT_JWKS_URL', { concurrency: true }, () => {
  test('at the start an edge waits for its provider, with its port closed', async (t) => {
    const key = new Key('k1');
    const port = await freePort();
    const edge = await edgeOf(`https://localhost:${port}/jwks`);
    await edge.logs(/unavailable.* what=JWT_JWKS_URL/);
    await edge.logs(/following the log/);
    const { status, body } = await request(`${edge.opsUrl}/ready`);
    assert.equal(status, 503);
    assert.match(body, /no set of keys from JWT_JWKS_URL yet/);
    assert.equal(await isOpen(edge.port), false);
    await counts(edge, 'unreachable', 2);
    assert.equal(edge.lines.filter((line) => / what=JWT_JWKS_URL /.test(line)).length, 1);

    await server({ port, keys: [key] });
    await edge.ready();
    await letIn(t, edge, key.token('u1'));
    await edge.logs(/available again what=JWT_JWKS_URL/);
    assert.equal(await edge.metric('ws_edge_jwks_keys'), 1);
  });

  const certificates = {
    'for another name': () => files(authority.issue('x', { names: ['DNS:other'] })),
    'of a stranger': () => files(new Authority(join(dir, 'stranger'))
      .issue('localhost', { names: ['DNS:localhost'] })),
    'that is over': () => files(authority.issue('over', { names: ['DNS:localhost'], days: 0 })),
  };
  for (const [what, make] of Object.entries(certificates)) {
    test(`a certificate ${what}: nothing is asked`, async () => {
      const tls = make();
      const madeAt = Date.now();
      await until('the one of no days to be over', () => Date.now() > madeAt + 1500);
      const provider = await server({ keys: [new Key('k1')], tls });
      const edge = await edgeOf(provider.url);
      await edge.logs(/what=JWT_JWKS_URL reason=\\".*certificate/);
      assert.equal(provider.requests.length, 0);
      assert.equal((await request(`${edge.opsUrl}/ready`)).status, 503);
    });
  }

  test('a new key is fetched when a token names it, for strangers once in 30 s', async (t) => {
    const { edge, provider, first } = await pair();
    const second = new Key('k2');
    await letIn(t, edge, first.token('u1'));
    await letIn(t, edge, token({ id: 'u2' }));
    assert.equal(provider.requests.length, 1);
    assert.equal(provider.requests[0].url, '/jwks?p=1');
    assert.equal(provider.requests[0].headers.authorization, undefined);

    provider.show(first, second);
    await letIn(t, edge, second.token('u3'));
    await letIn(t, edge, first.token('u4'));
    assert.equal(provider.requests.length, 2);

    await Promise.all([...Array(20).keys()].map((i) =>
      refused(t, edge, new Key(`stranger${i}`).token('u5'))));
    assert.equal(provider.requests.length, 2);
    assert.equal(await edge.metric('ws_edge_auth_refused_total{reason="unknown key"}'), 20);
    assert.equal(await edge.metric('ws_edge_jwks_tokens_waited_total'), 1);
    assert.equal(await edge.metric('ws_edge_jwks_tokens_left_out_total'), 20);
    assert.equal(await edge.metric('ws_edge_jwks_keys'), 2);
  });

  test('a revoked user whose token waits for its key is refused, and the edge lives', async (t) => {
    const { edge, provider, first } = await pair();
    const second = new Key('k2');
    const withdrawn = second.token('gone');
    const done = await run(built('ws-control'), ['revoke', 'gone'],
      { env: brokerSettings(made.brokers) });
    assert.equal(done.code, 0, done.stderr);
    provider.show(first, second);
    assert.equal(await client(t, edge, withToken(withdrawn)).refusal(),
      'Authentication error: jwt revoked');
    assert.equal(await edge.metric('ws_edge_jwks_tokens_waited_total'), 1);
    await letIn(t, edge, second.token('stays'));
  });

  test('a known key is a stranger to tokens that it did not sign', async (t) => {
    const { edge, provider, first } = await pair();
    await refused(t, edge, new Key(first.id).token('u1'));
    assert.equal(provider.requests.length, 1);
  });

  test('nobody waits for long, and an answer that does not end is none', async (t) => {
    const { edge, provider, first } = await pair();
    provider.say((req, res) => {
      const timer = setInterval(() => res.write(' '), 100);
      res.on('close', () => clearInterval(timer));
    });
    const stranger = refused(t, edge, new Key('k2').token('u1'));
    await letIn(t, edge, first.token('u2'));
    await stranger;
    assert.equal(await fetches(edge, 'timeout'), 1);
    await letIn(t, edge, first.token('u3'));
  });

  test('an edge that is stopped while it asks ends well', async () => {
    const { edge, provider } = await pair({ JWT_JWKS_REFRESH: '1' });
    provider.hold();
    await provider.isAsked();
    await edge.stop();
    edge.checkReports();
  });

  test('a key that is taken away takes its clients with it', async (t) => {
    const { edge, provider, first } = await pair({ JWT_JWKS_REFRESH: '1' });
    const second = new Key('k2');
    const old = await letIn(t, edge, first.token('u1'));
    const bySecret = await letIn(t, edge, token({ id: 'u3' }));
    provider.show(first, second);
    const young = await letIn(t, edge, second.token('u2'));

    provider.show(second);
    await old.next('token_expired');
    await until('its end', () => old.disconnects.length === 1);
    await edge.logs(/whose key was taken away clients=1/);
    await refused(t, edge, first.token('u1'));
    await counts(edge, 'good', 2);
    assert.deepEqual([young.disconnects, bySecret.disconnects], [[], []]);
    assert.deepEqual(young.all('token_expired'), []);
  });

  const elsewhere = new Key('elsewhere');
  const text = (body, status = 200) => (req, res) => res.writeHead(status).end(body);
  const json = (value) => text(JSON.stringify(value));
  const lies = [
    ['a page with status 200', 'unusable', text('<html>Please sign in</html>')],
    ['nothing with status 200', 'unusable', text('')],
    ['JSON that is no set', 'unusable', json({ keys: { k1: 'ES256' } })],
    ['JSON that is a list', 'unusable', json([elsewhere.jwk])],
    ['a set without keys', 'unusable', json({ keys: [] })],
    ['a set of secrets', 'unusable', json({ keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'k1' }] })],
    ['a key for another purpose', 'unusable', json({ keys: [{ ...elsewhere.jwk, use: 'enc' }] })],
    ['a good set with status 500', 'status', text(JSON.stringify({ keys: [elsewhere.jwk] }), 500)],
    ['a good set with status 203', 'status', text(JSON.stringify({ keys: [elsewhere.jwk] }), 203)],
    ['the way to another server', 'status', (req, res, to) =>
      res.writeHead(302, { Location: to }).end()],
    ['10 MB', 'unreachable', text(' '.repeat(10_000_000))],
    ['a little more than 64 KB', 'unreachable', text(
      JSON.stringify({ keys: [elsewhere.jwk], filler: ' '.repeat(65_536) }))],
    ['a half of what was promised', 'unreachable', (req, res) => {
      res.writeHead(200, { 'Content-Length': 1000 }).write(JSON.stringify({ keys: [elsewhere.jwk] }));
      setImmediate(() => res.socket.destroy());
    }],
    ['no answer', 'unreachable', (req, res) => res.socket.destroy()],
  ];

  // Half of them at one edge, half at another.
  for (const part of [0, 1]) {
    test(`the last good set is kept, part ${part + 1}`, async (t) => {
      const { edge, provider, first } = await pair({ JWT_JWKS_REFRESH: '1' });
      const target = await server({ keys: [elsewhere] });
      const inside = await letIn(t, edge, first.token('u1'));
      for (const [what, result, rule] of lies.filter((_, i) => i % 2 === part)) {
        await t.test(what, async (t2) => {
          const before = await fetches(edge, result);
          await tells(edge, provider, (req, res) => rule(req, res, target.url));
          assert.ok(await fetches(edge, result) > before);
          await letIn(t2, edge, first.token('u2'));
        });
      }
      await provider.close();
      await counts(edge, 'unreachable');
      await letIn(t, edge, first.token('u3'));
      await refused(t, edge, elsewhere.token('u4'));
      assert.equal(target.requests.length, 0);
      assert.deepEqual(inside.disconnects, []);
      assert.equal((await request(`${edge.opsUrl}/ready`)).status, 200);
    });
  }
});
