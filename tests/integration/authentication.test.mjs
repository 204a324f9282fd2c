// Who is let in, under which name, and the words in which others are refused.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import jwt from 'jsonwebtoken';
import { client, connect } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { SECRET, nowSeconds, rawToken, rsaToken, token, unsignedToken } from './support/tokens.mjs';

const { edge, services } = await gateway();

const REFUSED = 'Authentication error: ';
const HS256 = { alg: 'HS256', typ: 'JWT' };

// Connects with these options and returns the body of "connected".
async function welcome(t, options) {
  const made = client(t, edge, options);
  await made.connected();
  return made.next('connected');
}

test('a token in the auth object is let in and welcomed', async (t) => {
  const claims = { id: 'u1', email: 'a@b.c', role: 'guest' };
  const made = client(t, edge, { auth: { token: token(claims) } });
  await made.connected();
  assert.deepEqual(await made.next('connected'),
    { socketId: made.id, userId: 'u1', message: 'Connected to WebSocket Gateway' });
});

test('"connected" is the first event and comes once', async (t) => {
  const made = await connect(t, edge, { userId: 'u1' });
  await made.join('conversation', 'c1');
  assert.deepEqual(made.received.map(({ event }) => event), ['connected']);
});

describe('a token in the header Authorization', () => {
  for (const transports of [['websocket'], ['polling']]) {
    for (const prefix of ['Bearer ', 'bearer ', 'BEARER ', '']) {
      test(`"${prefix}<token>" over ${transports}`, async (t) => {
        const extraHeaders = { Authorization: prefix + token({ id: 'from-header' }) };
        const body = await welcome(t, { transports, extraHeaders });
        assert.equal(body.userId, 'from-header');
      });
    }
  }

  test('the auth object is asked first', async (t) => {
    const extraHeaders = { Authorization: `Bearer ${token({ id: 'from-header' })}` };
    const body = await welcome(t, { extraHeaders, auth: { token: token({ id: 'from-auth' }) } });
    assert.equal(body.userId, 'from-auth');
  });

  test('a bad token in the auth object is not made good by the header', async (t) => {
    const extraHeaders = { Authorization: `Bearer ${token({ id: 'from-header' })}` };
    const made = client(t, edge, { extraHeaders, auth: { token: 'rubbish' } });
    assert.equal(await made.refusal(), `${REFUSED}jwt malformed`);
  });
});

test('a token in the query is not looked at', async (t) => {
  const made = client(t, edge, { query: { token: token({ id: 'u1' }) } });
  assert.equal(await made.refusal(), `${REFUSED}No token provided`);
});

describe('the user id is the first of id, userId and sub', () => {
  const cases = [
    ['id alone', { id: 'a' }, 'a'],
    ['userId alone', { userId: 'b' }, 'b'],
    ['sub alone', { sub: 'c' }, 'c'],
    ['id before userId and sub', { sub: 'c', userId: 'b', id: 'a' }, 'a'],
    ['userId before sub', { sub: 'c', userId: 'b' }, 'b'],
    ['an integer stays an integer', { id: 42 }, 42],
    ['an integer beyond 32 bits', { userId: 4294967296001 }, 4294967296001],
    ['a string of digits stays a string', { id: '42' }, '42'],
    ['letters beyond ASCII', { id: 'Zoë-ü-日本' }, 'Zoë-ü-日本'],
  ];
  for (const [name, claims, expected] of cases) {
    test(name, async (t) => {
      const body = await welcome(t, { auth: { token: rawToken(HS256, claims) } });
      assert.strictEqual(body.userId, expected);
    });
  }

  test('the integer 42 and the string "42" are one user', async (t) => {
    const number = await connect(t, edge, { userId: 42 });
    const string = await connect(t, edge, { userId: '42' });
    await services.publish('booking.confirmed', { bookingId: 'b1', userId: 42 });
    assert.equal((await number.next('booking_update')).bookingId, 'b1');
    assert.equal((await string.next('booking_update')).bookingId, 'b1');
  });
});

describe('refused with the reason', () => {
  const claims = { id: 'u1' };
  const good = token(claims);
  const [header, payload, signature] = good.split('.');
  const cases = [
    ['no auth object', undefined, 'No token provided'],
    ['an empty auth object', {}, 'No token provided'],
    ['an empty token', { token: '' }, 'No token provided'],
    ['a null token', { token: null }, 'No token provided'],
    ['no dots', { token: 'rubbish' }, 'jwt malformed'],
    ['two parts', { token: `${header}.${payload}` }, 'jwt malformed'],
    ['four parts', { token: `${good}.x` }, 'jwt malformed'],
    ['three parts of rubbish', { token: 'a.b.c' }, 'invalid token'],
    ['a header that is no JSON', { token: rawToken('nonsense', claims) }, 'invalid token'],
    ['another secret', { token: token(claims, { secret: 'another secret' }) }, 'invalid signature'],
    ['a changed payload',
      { token: `${header}.${token({ id: 'u2' }).split('.')[1]}.${signature}` },
      'invalid signature'],
    ['HS384', { token: token(claims, { algorithm: 'HS384' }) }, 'invalid algorithm'],
    ['HS512', { token: token(claims, { algorithm: 'HS512' }) }, 'invalid algorithm'],
    ['RS256', { token: rsaToken(claims) }, 'invalid algorithm'],
    ['expired', { token: token(claims, { expiresIn: -10 }) }, 'jwt expired'],
    ['expired this very second', { token: token(claims, { expiresIn: 0 }) }, 'jwt expired'],
    ['not active yet', { token: token({ ...claims, nbf: nowSeconds() + 100 }) }, 'jwt not active'],
  ];
  for (const [name, auth, reason] of cases) {
    test(name, async (t) => {
      if (auth?.token) {
        // The words are those of the library that the Node.js services use.
        assert.throws(() => jwt.verify(auth.token, SECRET, { algorithms: ['HS256'] }),
          { message: reason });
      }
      assert.equal(await client(t, edge, { auth }).refusal(), REFUSED + reason);
    });
  }

  const noUser = [
    ['the payload is no JSON', 'nonsense'],
    ['the payload is a list', ['u1']],
    ['no claim names a user', { email: 'a@b.c' }],
    ['the user id is empty', { id: '' }],
    ['the user id is null', { id: null }],
    ['the user id is an object', { id: { a: 1 } }],
    ['the user id is a list', { id: ['u1'] }],
    ['the user id is true', { id: true }],
    ['the user id is a fraction', { id: 1.5 }],
  ];
  for (const [name, payloadClaims] of noUser) {
    test(name, async (t) => {
      const made = client(t, edge, { auth: { token: rawToken(HS256, payloadClaims) } });
      assert.equal(await made.refusal(), `${REFUSED}invalid token`);
    });
  }

  test('a half-login', async (t) => {
    const made = client(t, edge, { auth: { token: token({ id: 'u1', requires2FA: true }) } });
    assert.equal(await made.refusal(), `${REFUSED}second factor required`);
  });

  test('over long-polling in the same words', async (t) => {
    const made = client(t, edge, { transports: ['polling'], auth: { token: 'rubbish' } });
    assert.equal(await made.refusal(), `${REFUSED}jwt malformed`);
  });
});

test('the second factor done, requires2FA is false and the user is let in', async (t) => {
  const body = await welcome(t, { auth: { token: token({ id: 'u1', requires2FA: false }) } });
  assert.equal(body.userId, 'u1');
});

describe('unsigned tokens are refused', () => {
  // Which of the words fits them is open; that they stay outside is not.
  const cases = [
    ['alg "none" without a signature', unsignedToken({ id: 'u1' })],
    ['alg "none" with a signature', rawToken({ alg: 'none', typ: 'JWT' }, { id: 'u1' })],
    ['alg "None"', rawToken({ alg: 'None', typ: 'JWT' }, { id: 'u1' })],
    ['alg absent', rawToken({ typ: 'JWT' }, { id: 'u1' })],
    ['HS256 with an empty signature', `${token({ id: 'u1' }).split('.').slice(0, 2).join('.')}.`],
    ['a number for a token', 12345],
    ['an object for a token', { id: 'u1' }],
  ];
  for (const [name, value] of cases) {
    test(name, async (t) => {
      const message = await client(t, edge, { auth: { token: value } }).refusal();
      assert.match(message, /^Authentication error: /);
    });
  }
});

// Of tokens with several faults at once jsonwebtoken names the one that it sees first.
describe('the reason is the one that jsonwebtoken gives', () => {
  const headers = { right: { alg: 'HS256', typ: 'JWT' }, none: { alg: 'none', typ: 'JWT' },
    other: { alg: 'RS256', typ: 'JWT' }, 'no JSON': '{' };
  const payloads = {
    right: { id: 'u1' },
    late: { id: 'u1', exp: nowSeconds() - 5 },
    early: { id: 'u1', nbf: nowSeconds() + 600 },
    'early and late': { id: 'u1', nbf: nowSeconds() + 600, exp: nowSeconds() - 5 },
    'no JSON': '{"id":',
    empty: '',
  };
  const signatures = { right: (signed) => signed, wrong: (signed) => `${signed.slice(0, -4)}AAAA`,
    none: (signed) => signed.slice(0, signed.lastIndexOf('.') + 1),
    'no base64': (signed) => `${signed}$`, twice: (signed) => `${signed}.x` };
  const KNOWN = ['jwt malformed', 'jwt signature is required', 'invalid signature',
    'invalid algorithm', 'jwt not active', 'jwt expired'];

  function verdict(made) {
    try {
      jwt.verify(made, SECRET, { algorithms: ['HS256'] });
      return 'let in';
    } catch ({ message }) {
      return KNOWN.includes(message) ? message : 'invalid token';
    }
  }

  for (const [header, head] of Object.entries(headers)) {
    for (const [payload, claims] of Object.entries(payloads)) {
      for (const [signature, sign] of Object.entries(signatures)) {
        test(`header ${header}, payload ${payload}, signature ${signature}`, async (t) => {
          const made = sign(rawToken(head, claims));
          const who = client(t, edge, { auth: { token: made } });
          const expected = verdict(made);
          if (expected === 'let in') await who.connected();
          else assert.equal(await who.refusal(), `Authentication error: ${expected}`);
        });
      }
    }
  }
});

describe('long tokens', () => {
  const sized = (bytes) => {
    const made = token({ id: 'u1', groups: 'x'.repeat(Math.floor(bytes * 0.75) - 200) });
    assert.ok(made.length < bytes && made.length > bytes - 400, `${made.length}`);
    return made;
  };
  for (const transports of [['websocket'], ['polling']]) {
    test(`32 KB are taken over ${transports}`, async (t) => {
      const body = await welcome(t, { transports, auth: { token: sized(32768) } });
      assert.equal(body.userId, 'u1');
    });

    test(`33 KB are not, over ${transports}`, async (t) => {
      const message = await client(t, edge, { transports, auth: { token: sized(33 * 1024 + 400) } })
        .refusal();
      assert.equal(message, 'Authentication error: jwt malformed');
    });
  }

  test('32 KB are taken by refresh_token', async (t) => {
    const who = await connect(t, edge, { userId: 'u1' });
    assert.equal((await who.ack('refresh_token', { token: sized(32768) })).success, true);
  });
});

test('a refused client gets nothing that is sent to its user', async (t) => {
  const made = client(t, edge, { auth: { token: token({ id: 'u9' }, { expiresIn: -1 }) } });
  await made.refusal();
  const witness = await connect(t, edge, { userId: 'u9' });
  await services.publish('booking.confirmed', { bookingId: 'b2', userId: 'u9' });
  await witness.next('booking_update');
  assert.deepEqual(made.received, []);
});
