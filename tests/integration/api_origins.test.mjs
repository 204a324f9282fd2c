// Web pages at the relay's HTTP API: none, but those of API_CORS_ORIGIN, with a key.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { API_KEY, Api, apiSettings } from './support/api.mjs';
import { run } from './support/child.mjs';
import { built, gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';

const PAGE = 'http://localhost:3002';
const made = await gateway({ edges: 0,
  relayEnv: { ...await apiSettings(), API_CORS_ORIGIN: ` ${PAGE} , http://[::1]:3002` } });
const closed = await made.addRelay(await apiSettings());
const { url } = await Api.of(made.relay);
const { url: closedUrl } = await Api.of(closed);
const KEY = { Authorization: `Bearer ${API_KEY}` };
const ASKS = { 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'authorization' };
const cors = (headers) => Object.keys(headers).filter((name) => name.startsWith('access-control-'));

describe('a page whose origin is listed', () => {
  for (const origin of [PAGE, 'http://[::1]:3002', 'HTTP://LOCALHOST:3002']) {
    test(`may ask, without a key: ${origin}`, async () => {
      const { status, headers, body } = await request(`${url}/v1/events/booking.confirmed`,
        { method: 'OPTIONS', headers: { Origin: origin, ...ASKS } });
      assert.equal(status, 200);
      assert.equal(body, '');
      assert.equal(headers['access-control-allow-origin'], origin);
      assert.equal(headers['access-control-allow-methods'], 'GET, POST');
      assert.match(headers['access-control-allow-headers'], /Authorization, Content-Type/);
      assert.equal(headers['access-control-allow-credentials'], undefined);
      assert.equal(headers.vary, 'Origin');
    });
  }

  test('reads answers, errors too', async () => {
    for (const [headers, expected] of [[KEY, 200], [{}, 401]]) {
      const answer = await request(`${url}/v1/edges`, { headers: { Origin: PAGE, ...headers } });
      assert.equal(answer.status, expected);
      assert.equal(answer.headers['access-control-allow-origin'], PAGE);
      assert.equal(answer.headers.vary, 'Origin');
    }
  });

  test('gets nothing without a key but the answer that it may ask', async () => {
    const answer = await request(`${url}/v1/edges`, { method: 'OPTIONS', headers: { Origin: PAGE } });
    assert.equal(answer.status, 401);
  });
});

describe('any other page', () => {
  for (const origin of ['http://localhost:3003', 'https://localhost:3002', 'http://localhost',
    'http://localhost:3002.evil.example', 'http://evil.example', 'null', '*', '', 'http://*.localhost:3002',
    `${PAGE},http://evil.example`, `${PAGE}/`]) {
    test(`is told nothing: "${origin}"`, async () => {
      const asked = await request(`${url}/v1/events/booking.confirmed`,
        { method: 'OPTIONS', headers: { Origin: origin, ...ASKS } });
      assert.equal(asked.status, 401);
      assert.deepEqual(cors(asked.headers), []);
      const read = await request(`${url}/v1/edges`, { headers: { Origin: origin, ...KEY } });
      assert.equal(read.status, 200);
      assert.deepEqual(cors(read.headers), []);
    });
  }

  test('and every page, where API_CORS_ORIGIN is not given', async () => {
    const asked = await request(`${closedUrl}/v1/edges`, { method: 'OPTIONS', headers: { Origin: PAGE, ...ASKS } });
    assert.equal(asked.status, 401);
    assert.deepEqual(cors(asked.headers), []);
  });
});

describe('the setting', () => {
  const check = (env) => run(built('ws-relay'), ['--check-config'], { env });
  for (const [name, value] of [['all pages', '*'], ['pages of nobody', 'null'],
    ['a pattern', 'https://*.example.com'], ['a path', 'http://localhost:3002/console'], ['a host', 'localhost']]) {
    test(`is refused for ${name}`, async () => {
      const { code, stderr } = await check({ API_CORS_ORIGIN: value });
      assert.equal(code, 1);
      assert.match(stderr, /API_CORS_ORIGIN holds/);
    });
  }

  test('is refused in production', async () => {
    const { code, stderr } = await check({ API_CORS_ORIGIN: PAGE, NODE_ENV: 'production' });
    assert.equal(code, 1);
    assert.match(stderr, /API_CORS_ORIGIN must not be given when NODE_ENV=production/);
    assert.equal((await check({ API_CORS_ORIGIN: PAGE, NODE_ENV: 'development' })).code, 0);
  });
});
