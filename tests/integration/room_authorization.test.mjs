// ROOM_AUTHORIZATION=claims: the token lists which rooms may be joined.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connect } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { token } from './support/tokens.mjs';

const { edge, services } = await gateway({ env: { ROOM_AUTHORIZATION: 'claims' } });

const holder = (t, rooms, more = {}) => connect(t, edge, {
  auth: { token: token({ id: 'u1', ...(rooms !== undefined && { rooms }), ...more }) },
});

const joins = (client, roomType, roomId) => client.ack('join_room', { roomType, roomId });

const cases = [
  // name, claim, [roomType, roomId], granted?
  ['a room of the list', ['conversation:1'], ['conversation', '1'], true],
  ['as a number', ['conversation:1'], ['conversation', 1], true],
  ['the second of the list', ['conversation:1', 'notification:2'], ['notification', '2'], true],
  ['all of a kind', ['conversation:*'], ['conversation', 'anything'], true],
  ['all with a beginning', ['conversation:eu-*'], ['conversation', 'eu-17'], true],
  ['a room that is not in the list', ['conversation:1'], ['conversation', '2'], false],
  ['a longer name', ['conversation:1'], ['conversation', '12'], false],
  ['another kind', ['conversation:1'], ['notification', '1'], false],
  ['all of another kind', ['conversation:*'], ['notification', '1'], false],
  ['another beginning', ['conversation:eu-*'], ['conversation', 'us-17'], false],
  ['a star in the middle is no pattern', ['conversation:*1'], ['conversation', '21'], false],
  ['the client asks for a star', ['conversation:1'], ['conversation', '*'], false],
  ['an empty list', [], ['conversation', '1'], false],
  ['no list', undefined, ['conversation', '1'], false],
  ['a list that is a string', 'conversation:1', ['conversation', '1'], false],
  ['numbers in the list', [1, null, { a: 1 }], ['conversation', '1'], false],
];

for (const [name, rooms, [roomType, roomId], granted] of cases) {
  test(`${granted ? 'granted' : 'refused'}: ${name}`, async (t) => {
    const client = await holder(t, rooms);
    assert.deepEqual(await joins(client, roomType, roomId), granted
      ? { success: true, message: `Joined room: ${roomType}:${roomId}` }
      : { error: 'Forbidden' });
  });
}

test('what is wrong with the request is said first', async (t) => {
  const client = await holder(t, []);
  assert.deepEqual(await joins(client, 'user', 'u1'), { error: 'Invalid roomType' });
  assert.deepEqual(await joins(client, 'conversation', ''),
    { error: 'Missing roomType or roomId' });
});

test('a star does not open the user rooms', async (t) => {
  const client = await holder(t, ['*', 'user:*']);
  assert.deepEqual(await joins(client, 'user', 'u2'), { error: 'Invalid roomType' });
});

test('who was refused is not in the room', async (t) => {
  const member = await holder(t, ['conversation:1']);
  const refused = await holder(t, []);
  await joins(member, 'conversation', '1');
  await joins(refused, 'conversation', '1');
  assert.deepEqual(await refused.ack('typing', { roomType: 'conversation', roomId: '1' }),
    { error: 'Not in room' });
  await services.publish('message.sent', { conversationId: '1', message: 'm' });
  await member.next('new_message');
  await refused.ack('typing', {});
  assert.deepEqual(refused.all('new_message'), []);
  assert.deepEqual(member.all('user_joined'), []);
});

test('the own user room needs no claim', async (t) => {
  const client = await holder(t, []);
  await services.publish('booking.confirmed', { bookingId: 'b1', userId: 'u1' });
  await client.next('booking_update');
});

describe('refresh_token', () => {
  test('brings the list of the new token', async (t) => {
    const client = await holder(t, ['conversation:1']);
    const rooms = ['conversation:2'];
    await client.ack('refresh_token', { token: token({ id: 'u1', rooms }) });
    assert.deepEqual(await joins(client, 'conversation', '1'), { error: 'Forbidden' });
    assert.equal((await joins(client, 'conversation', '2')).success, true);
  });
});
