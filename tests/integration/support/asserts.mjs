// What several test files say about the same thing.
import assert from 'node:assert/strict';

// ISO-8601 in UTC with milliseconds, and now, give or take a slow machine.
export function assertFresh(timestamp) {
  assert.match(timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  const age = Date.now() - Date.parse(timestamp);
  assert.ok(age > -1000 && age < 15_000, `${timestamp} is ${age} ms old`);
}

// The body of user_joined, user_left, user_typing and user_stop_typing.
export function assertAbout(body, { socketId, userId, room }) {
  const { timestamp, ...rest } = body;
  assert.deepStrictEqual(rest, { socketId, userId, room });
  assertFresh(timestamp);
}

// Numbered messages: all, once, in order.
export function assertNumbered(numbers, count) {
  assert.deepEqual(numbers, Array.from({ length: count }, (_, i) => i));
}

// What is wrong with the payload of join_room, leave_room, typing and stop_typing, and the answer.
export const badRooms = [
  ['nothing', [], 'Missing roomType or roomId'],
  ['null', [null], 'Missing roomType or roomId'],
  ['a string', ['conversation:c1'], 'Missing roomType or roomId'],
  ['a number', [42], 'Missing roomType or roomId'],
  ['true', [true], 'Missing roomType or roomId'],
  ['a list', [['conversation', 'c1']], 'Missing roomType or roomId'],
  ['an empty object', [{}], 'Missing roomType or roomId'],
  ['no roomType', [{ roomId: 'c1' }], 'Missing roomType or roomId'],
  ['no roomId', [{ roomType: 'conversation' }], 'Missing roomType or roomId'],
  ['an empty roomType', [{ roomType: '', roomId: 'c1' }], 'Missing roomType or roomId'],
  ['an empty roomId', [{ roomType: 'conversation', roomId: '' }], 'Missing roomType or roomId'],
  ['roomType null', [{ roomType: null, roomId: 'c1' }], 'Missing roomType or roomId'],
  ['roomId null', [{ roomType: 'conversation', roomId: null }], 'Missing roomType or roomId'],
  ['an unknown roomType', [{ roomType: 'booking', roomId: 'c1' }], 'Invalid roomType'],
  ['the user rooms', [{ roomType: 'user', roomId: 'u2' }], 'Invalid roomType'],
  ['roomType in capitals', [{ roomType: 'Conversation', roomId: 'c1' }], 'Invalid roomType'],
  ['roomType with a room', [{ roomType: 'conversation:c1', roomId: 'x' }], 'Invalid roomType'],
  ['roomType __proto__', [{ roomType: '__proto__', roomId: 'c1' }], 'Invalid roomType'],
  ['a roomType that is a number', [{ roomType: 1, roomId: 'c1' }], 'Invalid roomType'],
  ['a roomType that is a list', [{ roomType: ['conversation'], roomId: 'c1' }],
    'Invalid roomType'],
  ['roomId true', [{ roomType: 'conversation', roomId: true }], 'Invalid roomId'],
  ['roomId an object', [{ roomType: 'conversation', roomId: { a: 1 } }], 'Invalid roomId'],
  ['roomId a list', [{ roomType: 'conversation', roomId: ['c1'] }], 'Invalid roomId'],
  ['roomId of 257 bytes', [{ roomType: 'conversation', roomId: 'x'.repeat(257) }],
    'Invalid roomId'],
  ['roomId of 129 letters, 258 bytes', [{ roomType: 'conversation', roomId: 'é'.repeat(129) }],
    'Invalid roomId'],
  ['roomId with NUL', [{ roomType: 'conversation', roomId: 'a\0b' }], 'Invalid roomId'],
  ['roomId with a line break', [{ roomType: 'conversation', roomId: 'a\nb' }], 'Invalid roomId'],
  ['roomId with a tab', [{ roomType: 'conversation', roomId: '\t' }], 'Invalid roomId'],
  ['roomId with DEL', [{ roomType: 'conversation', roomId: 'a\x7f' }], 'Invalid roomId'],
];
