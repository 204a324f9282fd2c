// Which web pages may talk to the gateway.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { client, connect } from './support/clients.mjs';
import { pollingUrl, refusedWebSocket, webSocketUrl } from './support/engineio.mjs';
import { gateway } from './support/gateway.mjs';
import { request, webSocketHeaders } from './support/http.mjs';

const LISTED = ['https://app.example', 'http://localhost:5173'];

const made = await gateway({ env: { CORS_ORIGIN: LISTED.join(', ') } });
const { edge } = made;
const openEdge = await made.addEdge({ CORS_ORIGIN: '*' });
const trusting = await made.addEdge({
  TRUSTED_PROXIES: '127.0.0.1', CORS_ORIGIN: 'https://*.app.example',
});
const closedEdge = await made.addEdge({ CORS_ORIGIN: '' });
await made.ready();

const handshake = pollingUrl(edge.url);
const forbidden = { code: 4, message: 'Forbidden' };

function varies(headers, by) {
  const names = (headers.vary ?? '').toLowerCase().split(/, */);
  assert.ok(names.includes(by), `Vary: ${headers.vary}`);
}

function assertAllowed({ headers }, origin) {
  assert.equal(headers['access-control-allow-origin'], origin);
  assert.equal(headers['access-control-allow-credentials'], 'true');
  varies(headers, 'origin');
}

describe('an origin of the list', () => {
  for (const Origin of LISTED) {
    test(`${Origin} may shake hands over polling`, async () => {
      const answer = await request(handshake, { headers: { Origin } });
      assert.equal(answer.status, 200);
      assertAllowed(answer, Origin);
    });

    test(`${Origin} may shake hands over WebSocket`, async (t) => {
      await connect(t, edge, { userId: 'u1', extraHeaders: { Origin } });
    });

    test(`${Origin} may read errors`, async () => {
      const answer = await request(`${edge.url}/socket.io/?EIO=4&transport=telepathy`,
        { headers: { Origin } });
      assert.equal(answer.status, 400);
      assertAllowed(answer, Origin);
    });
  }

  test('a whole session over polling carries the headers', async (t) => {
    const polling = await connect(t, edge,
      { userId: 'u1', transports: ['polling'], extraHeaders: { Origin: LISTED[0] } });
    await polling.join('conversation', 'c1');
    const answer = await request(pollingUrl(edge.url, polling.socket.io.engine.id),
      { method: 'POST', body: '42["typing"]', headers: { Origin: LISTED[0] } });
    assert.equal(answer.status, 200);
    assertAllowed(answer, LISTED[0]);
  });
});

describe('preflight', () => {
  const preflight = (Origin, url = handshake) => request(url, {
    method: 'OPTIONS',
    headers: {
      Origin,
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'authorization,content-type',
    },
  });

  test('of a listed origin', async () => {
    const answer = await preflight(LISTED[0]);
    assert.equal(answer.status, 204);
    assert.equal(answer.body, '');
    assertAllowed(answer, LISTED[0]);
    const methods = answer.headers['access-control-allow-methods'];
    assert.match(methods, /\bGET\b/);
    assert.match(methods, /\bPOST\b/);
    assert.match(answer.headers['access-control-allow-headers'], /authorization/i);
    assert.match(answer.headers['access-control-allow-headers'], /content-type/i);
  });

  test('of a foreign origin names no origin', async () => {
    const answer = await preflight('https://evil.example');
    assert.equal(answer.headers['access-control-allow-origin'], undefined);
  });

  test('for a session that nobody knows', async () => {
    assert.equal((await preflight(LISTED[0], pollingUrl(edge.url, 'nobody'))).status, 204);
  });
});

describe('a foreign origin is refused', () => {
  const foreign = [
    'https://evil.example', 'null', 'https://app.example.evil.example', 'https://evilapp.example',
    'http://app.example', 'https://app.example:8443', 'https://sub.app.example',
    'http://localhost', 'http://localhost:5174', 'https://evil.example/https://app.example',
    'https://app.example@evil.example', `http://127.0.0.1:${edge.port + 1}`, 'file://',
  ];
  for (const Origin of foreign) {
    test(`${Origin} over polling`, async () => {
      const answer = await request(handshake, { headers: { Origin } });
      assert.equal(answer.status, 403);
      assert.match(answer.headers['content-type'], /^application\/json/);
      assert.deepEqual(answer.json(), forbidden);
      assert.equal(answer.headers['access-control-allow-origin'], undefined);
    });

    test(`${Origin} over WebSocket`, async () => {
      const answer = await refusedWebSocket(webSocketUrl(edge.url), { headers: { Origin } });
      assert.equal(answer.status, 403);
      assert.deepEqual(JSON.parse(answer.body), forbidden);
    });
  }
});

describe("the server's own origin is served", () => {
  const own = [
    ['as it is', () => `http://127.0.0.1:${edge.port}`, undefined],
    ['behind TLS, without a port', () => 'https://gateway.example', 'gateway.example'],
    ['behind TLS, with a port', () => 'https://gateway.example:8443', 'gateway.example:8443'],
    ['in other letters', () => 'https://Gateway.Example', 'gateway.example'],
    ['as apps for iOS name it', () => 'wss://gateway.example', 'gateway.example:443'],
  ];
  for (const [name, origin, Host] of own) {
    const headers = () => ({ Origin: origin(), ...(Host && { Host }) });
    test(`${name}, over polling`, async () => {
      assert.equal((await request(handshake, { headers: headers() })).status, 200);
    });

    test(`${name}, over WebSocket`, async () => {
      const answer = await request(webSocketUrl(edge.url).replace('ws', 'http'),
        { headers: { ...webSocketHeaders(), ...headers() } });
      assert.equal(answer.status, 101);
    });
  }
});

describe('behind a proxy', () => {
  const forwarded = { 'X-Forwarded-Host': 'gateway.example', 'X-Forwarded-Proto': 'https' };
  const shake = (to, Origin) =>
    request(pollingUrl(to.url), { headers: { Origin, ...forwarded } });

  test('what a trusted one says of the host counts', async () => {
    assert.equal((await shake(trusting, 'https://gateway.example')).status, 200);
    assert.equal((await shake(trusting, 'http://gateway.example')).status, 403);
    assert.equal((await shake(trusting, trusting.url)).status, 403);
    const upgraded = await request(webSocketUrl(trusting.url).replace('ws', 'http'), {
      headers: { ...webSocketHeaders(), ...forwarded, Origin: 'https://gateway.example' },
    });
    assert.equal(upgraded.status, 101);
  });

  test('what another one says does not', async () => {
    assert.equal((await shake(edge, 'https://gateway.example')).status, 403);
    assert.equal((await shake(edge, edge.url)).status, 200);
  });
});

test('a pattern allows what is below it', async () => {
  for (const [Origin, status] of [['https://a.app.example', 200], ['https://a.b.app.example', 200],
    ['https://app.example', 403], ['https://evilapp.example', 403]]) {
    const answer = await request(pollingUrl(trusting.url), { headers: { Origin } });
    assert.equal(answer.status, status, Origin);
    assert.equal(answer.headers['access-control-allow-origin'], status === 200 ? Origin : undefined);
  }
});

test('without an Origin it is served', async (t) => {
  const answer = await request(handshake);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['access-control-allow-origin'], undefined);
  varies(answer.headers, 'origin');
  await connect(t, edge, { userId: 'u1' });
});

test('CORS_ORIGIN=* allows all', async (t) => {
  for (const Origin of ['https://anything.example', 'null']) {
    const answer = await request(pollingUrl(openEdge.url), { headers: { Origin } });
    assert.equal(answer.status, 200);
    assert.ok([Origin, '*'].includes(answer.headers['access-control-allow-origin']));
    await connect(t, openEdge, { userId: 'u1', extraHeaders: { Origin } });
  }
});

test('without a list only the own origin is served', async () => {
  const url = pollingUrl(closedEdge.url);
  const foreign = await request(url, { headers: { Origin: LISTED[0] } });
  assert.equal(foreign.status, 403);
  const own = await request(url, { headers: { Origin: closedEdge.url } });
  assert.equal(own.status, 200);
});

test('a browser client of a foreign page sees an error, not a session', async (t) => {
  const extraHeaders = { Origin: 'https://evil.example' };
  const refused = client(t, edge, { userId: 'u1', extraHeaders });
  await refused.refusal();
  assert.deepEqual(refused.received, []);
});
