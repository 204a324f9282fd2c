// Whose tokens are accepted, for whom they must be, and how exact their times are: JWT_ISSUER,
// JWT_AUDIENCE, JWT_CLOCK_TOLERANCE, and `crit`.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import jwt from 'jsonwebtoken';
import { client, connect } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { SECRET, nowSeconds, rawToken, token } from './support/tokens.mjs';
import { until } from './support/wait.mjs';

const ISSUERS = ['https://login.example.com/', 'auth-service'];
const AUDIENCES = ['websocket-gateway', 'urn:example:apps'];
const TOLERANCE = 60;

const made = await gateway({ edges: 0 });
const edge = await made.addEdge({ JWT_ISSUER: ` ${ISSUERS.join(' , ')},`,
  JWT_AUDIENCE: AUDIENCES.join(',') });
const lenient = await made.addEdge({ JWT_CLOCK_TOLERANCE: String(TOLERANCE) });
const PREVIOUS = 'the-secret-before-0123456789abcdef';
const changing = await made.addEdge({ JWT_SECRET_PREVIOUS: PREVIOUS });
await made.ready();

const HS256 = { alg: 'HS256', typ: 'JWT' };

// What jsonwebtoken says, but for the list of what it expects: that is not for strangers.
function verdict(value, options) {
  try {
    jwt.verify(value, SECRET, { algorithms: ['HS256'], ...options });
    return 'let in';
  } catch ({ message }) {
    return message.replace(/\. expected: .*/, '');
  }
}

async function judged(t, to, value) {
  const one = client(t, to, { auth: { token: value } });
  return one.connected().then(() => 'let in',
    ({ message }) => message.replace('Authentication error: ', ''));
}

describe('JWT_ISSUER and JWT_AUDIENCE judge as jsonwebtoken does', () => {
  const issuers = { first: ISSUERS[0], second: ISSUERS[1], 'without its slash': ISSUERS[0].slice(0, -1),
    'in capitals': ISSUERS[1].toUpperCase(), both: ISSUERS.join(','), empty: '', null: null,
    number: 7, list: [ISSUERS[0]], absent: undefined };
  const audiences = { first: AUDIENCES[0], 'second in a list': ['other', AUDIENCES[1]],
    other: 'other', 'others in a list': ['other', 'another'], 'list in a list': [[AUDIENCES[0]]],
    'empty list': [], both: AUDIENCES.join(','), empty: '', null: null, number: 7, object: {},
    absent: undefined };

  for (const [issuer, iss] of Object.entries(issuers)) {
    for (const [audience, aud] of Object.entries(audiences)) {
      test(`iss ${issuer}, aud ${audience}`, async (t) => {
        const value = rawToken(HS256, { id: 'u1', iss, aud });
        const expected = verdict(value, { issuer: ISSUERS, audience: AUDIENCES });
        assert.match(expected, /^(let in|jwt (issuer|audience) invalid)$/);
        assert.equal(await judged(t, edge, value), expected);
      });
    }
  }

  test('an edge without them takes any', async (t) => {
    const value = rawToken(HS256, { id: 'u1', iss: 7, aud: {} });
    assert.equal(await judged(t, lenient, value), 'let in');
  });

  test('a refreshed token must have them too', async (t) => {
    const claims = { id: 'u1', iss: ISSUERS[1], aud: AUDIENCES };
    const one = await connect(t, edge, { auth: { token: token(claims) } });
    assert.deepEqual(await one.ack('refresh_token', { token: token({ ...claims, aud: 'x' }) }),
      { error: 'jwt audience invalid' });
    assert.deepEqual(await one.ack('refresh_token', { token: token({ ...claims, iss: 'x' }) }),
      { error: 'jwt issuer invalid' });
    assert.equal((await one.ack('refresh_token', { token: token(claims) })).success, true);
  });
});

describe('JWT_CLOCK_TOLERANCE', () => {
  const HALF = TOLERANCE / 2; // seconds by which a slow test may be late
  const cases = {
    'exp has passed within it': { exp: -HALF },
    'exp has passed beyond it': { exp: -TOLERANCE - 1 },
    'nbf comes within it': { nbf: HALF },
    'nbf comes beyond it': { nbf: TOLERANCE + HALF },
  };
  for (const [name, times] of Object.entries(cases)) {
    test(name, async (t) => {
      const moved = Object.entries(times).map(([claim, s]) => [claim, nowSeconds() + s]);
      const value = rawToken(HS256, { id: 'u1', ...Object.fromEntries(moved) });
      const expected = verdict(value, { clockTolerance: TOLERANCE });
      assert.equal(await judged(t, lenient, value), expected);
    });
  }

  test('a connected client is warned and ended as much later', async (t) => {
    const end = nowSeconds() + 8;
    const value = token({ id: 'u1', iat: end - 3600, exp: end - TOLERANCE });
    const one = await connect(t, lenient, { auth: { token: value } });
    const { expiresIn } = await one.next('token_expiring_soon');
    assert.ok(expiresIn >= 1 && expiresIn <= 8, `expiresIn=${expiresIn}`);
    assert.deepEqual(await one.next('token_expired', 15000), {});
    assert.ok(Date.now() >= end * 1000 - 50, 'it came before the tolerance had passed');
    await until('the end of the transport', () => one.disconnects.length > 0);
  });

  test('refresh_token says when the connection ends', async (t) => {
    const one = await connect(t, lenient, { userId: 'u1' });
    const { expiresIn } = await one.ack('refresh_token',
      { token: token({ id: 'u1' }, { expiresIn: 1000 }) });
    assert.ok(expiresIn > 1000 && expiresIn <= 1000 + TOLERANCE, `expiresIn=${expiresIn}`);
  });
});

describe('JWT_SECRET_PREVIOUS', () => {
  const cases = [
    ['the new secret', SECRET, 'let in'],
    ['the one before', PREVIOUS, 'let in'],
    ['another', 'another-secret-0123456789abcdef0', 'invalid signature'],
  ];
  for (const [name, secret, expected] of cases) {
    test(`a token that was signed with ${name}`, async (t) => {
      assert.equal(await judged(t, changing, token({ id: 'u1' }, { secret })), expected);
    });
  }

  test('a client goes over to the new secret without an end', async (t) => {
    const one = await connect(t, changing,
      { auth: { token: token({ id: 'u1' }, { secret: PREVIOUS }) } });
    assert.equal((await one.ack('refresh_token', { token: token({ id: 'u1' }) })).success, true);
  });

  test('an edge without it refuses the tokens of the secret before', async (t) => {
    const old = token({ id: 'u1' }, { secret: PREVIOUS });
    assert.equal(await judged(t, lenient, old), 'invalid signature');
  });
});

describe('crit: what is not understood is not accepted', () => {
  const headers = {
    'an extension that is there': { crit: ['b64'], b64: true },
    'an extension that is not there': { crit: ['http://example.com/x'] },
    'a name of the standard': { crit: ['alg'] },
    'an empty list': { crit: [] },
    'a text': { crit: 'b64', b64: true },
    'an object': { crit: {} },
    null: { crit: null },
  };
  for (const [name, more] of Object.entries(headers)) {
    test(name, async (t) => {
      const value = rawToken({ ...HS256, ...more }, { id: 'u1' });
      assert.equal(await judged(t, lenient, value), 'invalid token');
    });
  }
});
