// ALLOW_AUTH_WITHOUT_JWT=true: clients without a token.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { client, connect } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { until } from './support/wait.mjs';

const { edge } = await gateway({ env: { ALLOW_AUTH_WITHOUT_JWT: 'true' } });

test('a client without a token is let in without a user', async (t) => {
  const witness = await connect(t, edge, { userId: 'u1' });
  await witness.join('conversation', 'c1');
  const anonymous = client(t, edge);
  await anonymous.connected();
  await anonymous.join('conversation', 'c1');
  const joined = await witness.next('user_joined');
  assert.equal(joined.socketId, anonymous.id);
  assert.strictEqual(joined.userId, null);
});

test('it is not welcomed by "connected" and has no user room', async (t) => {
  const anonymous = client(t, edge);
  await anonymous.connected();
  await anonymous.join('conversation', 'c2');
  assert.deepEqual(anonymous.received, []);
  // Those of the test before may still be on their way out.
  await until('its rooms alone', async () => {
    const { rooms } = await (await fetch(`${edge.url}/metrics`)).json();
    if (rooms.length === 1 && rooms[0] === 'conversation:c2') return true;
    throw new Error(rooms.join());
  });
});

test('a client with a token keeps its user', async (t) => {
  const made = client(t, edge, { userId: 'u2' });
  await made.connected();
  assert.equal((await made.next('connected')).userId, 'u2');
});

test('a bad token is still refused', async (t) => {
  assert.equal(await client(t, edge, { auth: { token: 'rubbish' } }).refusal(),
    'Authentication error: jwt malformed');
});
