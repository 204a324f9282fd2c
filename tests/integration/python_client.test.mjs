// A second official client, python3-socketio, which shares no code with the first.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { assertNumbered } from './support/asserts.mjs';
import { Child } from './support/child.mjs';
import { connect } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { nowSeconds, token } from './support/tokens.mjs';
import { until, within } from './support/wait.mjs';

const { edge, services } = await gateway();

const PYTHON = process.env.PYTHON ?? '/usr/bin/python3'; // the one that has Debian's packages
const SCRIPT = fileURLToPath(new URL('python/client.py', import.meta.url));

// Starts the client; `heard(kind)` are the values of its lines of that kind.
function python(t, transport, key, room) {
  const child = new Child(PYTHON, [SCRIPT, edge.url, transport, key, room], { name: 'client.py' });
  t.after(() => child.kill());
  const heard = (kind) => child.stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line))
    .filter(([found]) => found === kind).map(([, value]) => value);
  const wait = (kind, count = 1) => until(`${count} times "${kind}"`, () => {
    if (heard(kind).length >= count) return heard(kind);
    throw new Error(child.output);
  });
  return { child, heard, wait };
}

for (const [transport, atFirst, atLast] of [
  ['websocket', 'websocket', 'websocket'],
  ['polling', 'polling', 'polling'],
  ['both', 'websocket', 'websocket'],
]) {
  test(`over ${transport}: connects, joins, hears everything in order`, async (t) => {
    const room = `py-${transport}`;
    const member = await connect(t, edge, { userId: 'u1' });
    await member.join('conversation', room);
    const { child, heard, wait } = python(t, transport, token({ id: 7 }), room);

    const joined = await member.next('user_joined');
    assert.strictEqual(joined.userId, 7);
    assert.equal((await member.next('user_typing')).socketId, joined.socketId);
    await wait('bad');
    await services.publish('booking.confirmed', { bookingId: 'b1', userId: 7 });
    for (let message = 0; message < 200; message++) {
      await services.publish('message.sent', { conversationId: room, message });
    }
    await member.ack('typing', { roomType: 'conversation', roomId: room });
    await services.publish('message.sent', { conversationId: room, message: 'bye' });
    assert.deepEqual(await within('the end of the client', child.exited, 20_000),
      { code: 0, signal: null }, child.output);

    assert.deepEqual(heard('connected'), [{ socketId: joined.socketId, userId: 7,
      message: 'Connected to WebSocket Gateway' }]);
    assert.deepEqual(heard('transport'), [atFirst, atLast]);
    assert.deepEqual(heard('join_room'),
      [{ success: true, message: `Joined room: conversation:${room}` }]);
    assert.deepEqual(heard('typing'), [{ success: true }]);
    assert.deepEqual(heard('bad'), [{ error: 'Missing roomType or roomId' }]);
    assert.deepEqual(heard('booking_update').map(({ bookingId }) => bookingId), ['b1']);
    assert.equal(heard('user_typing').length, 1);
    const messages = heard('new_message').map(({ message }) => message);
    assert.equal(messages.pop(), 'bye');
    assertNumbered(messages, 200);
    assert.equal((await member.next('user_left')).userId, 7);
  });
}

test('a refused client is told the reason', async (t) => {
  const { child, heard } = python(t, 'websocket', 'rubbish', 'r');
  await within('the end of the client', child.exited);
  assert.equal(heard('refused').length, 1, child.output);
});

test('a token that expires soon is announced', async (t) => {
  const soon = token({ id: 8, iat: nowSeconds() - 3500 }, { expiresIn: 100 });
  const { child, wait } = python(t, 'websocket', soon, 'soon');
  const [warning] = await wait('token_expiring_soon');
  assert.ok(warning.expiresIn > 80 && warning.expiresIn <= 100, child.output);
});
