// A token is watched for as long as its connection lasts, and can be swapped in place.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { client, connect } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { assertOnceWithin } from './support/limits.mjs';
import { nowSeconds, token } from './support/tokens.mjs';
import { until } from './support/wait.mjs';

const { edge } = await gateway();

const BRIEF = 5; // s that a token lives: a machine may stand still before it is shown

const withToken = (claims, options) => ({ auth: { token: token(claims, options) } });

describe('the end', { concurrency: true }, () => {
  test('a token near its end: warned at once, told at its end, transport closed', (t) =>
    assertOnceWithin(2000, async () => {
      const exp = nowSeconds() + BRIEF;
      const made = await connect(t, edge, withToken({ id: 'u1', iat: exp - 60, exp }));
      const warning = await made.next('token_expiring_soon');
      assert.ok(warning.expiresIn > 0 && warning.expiresIn <= BRIEF, JSON.stringify(warning));
      assert.deepEqual(Object.keys(warning), ['expiresIn']);
      assert.deepEqual(await made.next('token_expired'), {});
      assert.ok(Date.now() >= exp * 1000 - 50, 'it came before the token had expired');
      await until('the end of the transport', () => made.disconnects.length > 0);
      assert.deepEqual(made.disconnects, ['transport close']);
      assert.deepEqual(made.received.map(({ event }) => event),
        ['connected', 'token_expiring_soon', 'token_expired']);
      return Date.now() - exp * 1000;
    }));

  test('over long-polling the same', async (t) => {
    const made = await connect(t, edge,
      { transports: ['polling'], ...withToken({ id: 'u1' }, { expiresIn: BRIEF }) });
    await made.next('token_expiring_soon');
    await made.next('token_expired');
    await until('the end of the transport', () => made.disconnects.length > 0);
    assert.deepEqual(made.disconnects, ['transport close']);
  });

  test('the official client comes back by itself with a fresh token', async (t) => {
    let asked = 0;
    const auth = (give) => {
      asked += 1;
      give({ token: token({ id: 'u1' }, { expiresIn: asked === 1 ? BRIEF : 3600 }) });
    };
    const made = client(t, edge, { auth, reconnection: true, reconnectionDelay: 50 });
    await made.connected();
    const first = await made.next('connected');
    await made.next('token_expired');
    const second = await made.next('connected');
    assert.equal(asked, 2);
    assert.equal(second.userId, 'u1');
    assert.equal(made.socket.recovered, true);
    assert.equal(second.socketId, first.socketId);
  });

  // Warned when `left` seconds are left: earlier never, and not a second later.
  const assertWarned = (left, open) => assertOnceWithin(999, async () => {
    const made = await open();
    await made.ack('join_room', {});
    assert.deepEqual(made.all('token_expiring_soon'), []);
    const { expiresIn } = await made.next('token_expiring_soon');
    assert.ok(expiresIn <= left, `expiresIn=${expiresIn}`);
    return (left - expiresIn) * 1000;
  });

  test('the warning comes 300 s before the end, not earlier', (t) => assertWarned(300, () => {
    const now = nowSeconds();
    return connect(t, edge, withToken({ id: 'u1', iat: now - 600, exp: now + 300 + BRIEF }));
  }));

  for (const noTimestamp of [false, true]) {
    test(`a brief token${noTimestamp ? ' without iat' : ''}: a fifth of its life before`, (t) =>
      assertWarned(2, () => connect(t, edge, withToken({ id: 'u1' }, { expiresIn: 10, noTimestamp }))));
  }
});

test('a token without an end is never warned about', async (t) => {
  const made = await connect(t, edge, withToken({ id: 'u1' }, { expiresIn: null }));
  await made.ack('join_room', {});
  assert.deepEqual(made.received.map(({ event }) => event), ['connected']);
});

describe('refresh_token', { concurrency: true }, () => {
  test('swaps the token in place', async (t) => {
    const exp = nowSeconds() + BRIEF;
    const made = await connect(t, edge, withToken({ id: 'u1', exp }));
    const answer = await made.ack('refresh_token', { token: token({ id: 'u1' }) });
    assert.deepEqual(Object.keys(answer).sort(), ['expiresIn', 'success']);
    assert.strictEqual(answer.success, true);
    assert.ok(answer.expiresIn >= 3590 && answer.expiresIn <= 3600, JSON.stringify(answer));
    await until('the old token to expire', () => Date.now() > exp * 1000 + 500);
    await made.ack('join_room', {});
    assert.deepEqual(made.all('token_expired'), []);
    assert.deepEqual(made.disconnects, []);
  });

  test('the new token is watched in its turn', async (t) => {
    const made = await connect(t, edge, withToken({ id: 'u1' }));
    await made.ack('refresh_token', { token: token({ id: 'u1' }, { expiresIn: BRIEF }) });
    await made.next('token_expiring_soon');
    await made.next('token_expired');
    await until('the end of the transport', () => made.disconnects.length > 0);
  });

  // However short the tokens are, a warning comes late in the life of each.
  test('a client that refreshes at each warning has time in between', async (t) => {
    const made = client(t, edge, withToken({ id: 'u1' }, { expiresIn: 10 }));
    const refreshed = [];
    const answers = [];
    made.socket.on('token_expiring_soon', () => {
      refreshed.push(Date.now());
      answers.push(made.ack('refresh_token', { token: token({ id: 'u1' }, { expiresIn: 10 }) }));
    });
    await until('three warnings', () => refreshed.length === 3);
    made.socket.off('token_expiring_soon');
    await Promise.all(answers);
    assert.ok(refreshed[2] - refreshed[0] > 10_000, 'there was no time in between'); // 7 s each
    assert.deepEqual(made.disconnects, []);
  });

  test('a token that is already in its last minutes is not warned of again', async (t) => {
    const now = nowSeconds();
    const near = { id: 'u1', iat: now - 600, exp: now + 60 };
    const made = await connect(t, edge, withToken(near));
    await made.next('token_expiring_soon');
    for (const iat of [now - 600, now - 601]) {
      await made.ack('refresh_token', { token: token({ ...near, iat }) });
    }
    await made.ack('join_room', {});
    assert.equal(made.all('token_expiring_soon').length, 1);
  });

  test('works without an ack', async (t) => {
    const exp = nowSeconds() + BRIEF;
    const made = await connect(t, edge, withToken({ id: 'u1', exp }));
    made.socket.emit('refresh_token', { token: token({ id: 'u1' }) });
    await until('the old token to expire', () => Date.now() > exp * 1000 + 500);
    await made.ack('join_room', {});
    assert.deepEqual(made.disconnects, []);
  });

  test('42 and "42" are the same user', async (t) => {
    const made = await connect(t, edge, withToken({ id: 42 }));
    const answer = await made.ack('refresh_token', { token: token({ sub: '42' }) });
    assert.strictEqual(answer.success, true);
  });

  const refused = [
    ['another user', () => ({ token: token({ id: 'u2' }) }), /./],
    ['an expired token', () => ({ token: token({ id: 'u1' }, { expiresIn: -5 }) }), /jwt expired/],
    ['another secret', () => ({ token: token({ id: 'u1' }, { secret: 'x' }) }),
      /invalid signature/],
    ['rubbish', () => ({ token: 'rubbish' }), /jwt malformed/],
    ['a half-login', () => ({ token: token({ id: 'u1', requires2FA: true }) }),
      /second factor required/],
    ['no user', () => ({ token: token({ email: 'a@b.c' }) }), /invalid token/],
    ['an empty token', () => ({ token: '' }), /./],
    ['a token that is no string', () => ({ token: 5 }), /./],
    ['an empty object', () => ({}), /./],
    ['a bare string', () => 'rubbish', /./],
    ['null', () => null, /./],
  ];
  for (const [name, payload, words] of refused) {
    test(`is refused: ${name}`, async (t) => {
      const made = await connect(t, edge, withToken({ id: 'u1' }));
      const answer = await made.ack('refresh_token', payload());
      assert.deepEqual(Object.keys(answer), ['error']);
      assert.match(answer.error, words);
      assert.deepEqual(made.disconnects, []);
    });
  }

  test('a refusal leaves the old token in force', async (t) => {
    const made = await connect(t, edge, withToken({ id: 'u1' }, { expiresIn: BRIEF }));
    await made.ack('refresh_token', { token: 'rubbish' });
    await made.next('token_expired');
  });
});
