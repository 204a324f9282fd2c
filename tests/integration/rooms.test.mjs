// join_room, leave_room and what the other members hear of it, on one edge and across two.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertAbout, badRooms } from './support/asserts.mjs';
import { connect, newConversation } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';

const { edges: [here, there], services } = await gateway({ edges: 2 });

for (const [where, other] of [['on one edge', here], ['across two edges', there]]) {
  describe(where, () => {
    // A member of a room who watches, and one who is to act on it.
    async function pair(t) {
      const room = newConversation();
      const watcher = await connect(t, here, { userId: 'watcher' });
      await watcher.join('conversation', room.id);
      const actor = await connect(t, other, { userId: 'actor' });
      const about = { socketId: actor.id, userId: 'actor', room: room.name };
      return { watcher, actor, room, about };
    }

    test('joining is acknowledged and announced to the other members', async (t) => {
      const { watcher, actor, room, about } = await pair(t);
      assert.deepEqual(await actor.ack('join_room', room.which),
        { success: true, message: `Joined room: ${room.name}` });
      assertAbout(await watcher.next('user_joined'), about);
      await watcher.ack('typing', room.which);
      await actor.next('user_typing');
      assert.deepEqual(actor.all('user_joined'), [], 'the one who joined heard of it');
    });

    test('leaving is acknowledged and announced to those who remain', async (t) => {
      const { watcher, actor, room, about } = await pair(t);
      await actor.join('conversation', room.id);
      assert.deepEqual(await actor.ack('leave_room', room.which),
        { success: true, message: `Left room: ${room.name}` });
      assertAbout(await watcher.next('user_left'), about);
      assert.deepEqual(actor.all('user_left'), [], 'the one who left heard of it');
    });

    test('joining twice succeeds and is announced once', async (t) => {
      const { watcher, actor, room } = await pair(t);
      await actor.join('conversation', room.id);
      assert.deepEqual(await actor.ack('join_room', room.which),
        { success: true, message: `Joined room: ${room.name}` });
      await actor.ack('typing', room.which);
      await watcher.next('user_typing');
      assert.equal(watcher.all('user_joined').length, 1);
    });

    test('leaving a room that one is not in succeeds and is not announced', async (t) => {
      const { watcher, actor, room } = await pair(t);
      assert.deepEqual(await actor.ack('leave_room', room.which),
        { success: true, message: `Left room: ${room.name}` });
      await actor.join('conversation', room.id);
      await watcher.next('user_joined');
      assert.deepEqual(watcher.all('user_left'), []);
    });

    test('joining again after leaving is announced again', async (t) => {
      const { watcher, actor, room } = await pair(t);
      await actor.join('conversation', room.id);
      await actor.ack('leave_room', room.which);
      await actor.join('conversation', room.id);
      await watcher.next('user_joined');
      await watcher.next('user_joined');
      assert.deepEqual(watcher.received.map(({ event }) => event),
        ['connected', 'user_joined', 'user_left', 'user_joined']);
    });

    test('disconnecting leaves every room that was joined', async (t) => {
      const { watcher, actor, room, about } = await pair(t);
      await watcher.join('notification', 'n1');
      await actor.join('conversation', room.id);
      await actor.join('notification', 'n1');
      actor.socket.disconnect();
      const left = [await watcher.next('user_left'), await watcher.next('user_left')];
      left.sort((a, b) => (a.room < b.room ? -1 : 1));
      assertAbout(left[0], about);
      assertAbout(left[1], { ...about, room: 'notification:n1' });
    });

    test('a transport that breaks off leaves them too', async (t) => {
      const { watcher, actor, room, about } = await pair(t);
      await actor.join('conversation', room.id);
      actor.socket.io.engine.transport.ws.terminate();
      assertAbout(await watcher.next('user_left'), about);
    });

    test('the user room is left without a word', async (t) => {
      const first = await connect(t, here, { userId: 'same' });
      const second = await connect(t, other, { userId: 'same' });
      second.close();
      await services.publish('booking.confirmed', { bookingId: 'b1', userId: 'same' });
      await first.next('booking_update');
      assert.deepEqual(first.received.map(({ event }) => event), ['connected', 'booking_update']);
    });

    test('a notification room works like a conversation', async (t) => {
      const { watcher, actor, about } = await pair(t);
      await watcher.join('notification', 'n7');
      assert.deepEqual(await actor.ack('join_room', { roomType: 'notification', roomId: 'n7' }),
        { success: true, message: 'Joined room: notification:n7' });
      assertAbout(await watcher.next('user_joined'), { ...about, room: 'notification:n7' });
    });

    test('rooms of equal id and different type are different rooms', async (t) => {
      const { watcher, actor, room } = await pair(t);
      await actor.join('notification', room.id);
      await actor.join('conversation', room.id);
      assert.equal((await watcher.next('user_joined')).room, room.name);
      assert.equal(watcher.all('user_joined').length, 1);
    });

    test('a user id that is a number stays one', async (t) => {
      const { watcher, room } = await pair(t);
      const numbered = await connect(t, other, { userId: 42 });
      await numbered.join('conversation', room.id);
      assertAbout(await watcher.next('user_joined'),
        { socketId: numbered.id, userId: 42, room: room.name });
    });

    test('the room ids 42 and "42" are one room', async (t) => {
      const watcher = await connect(t, here, { userId: 'watcher' });
      await watcher.join('conversation', '42');
      const actor = await connect(t, other, { userId: 'actor' });
      assert.deepEqual(await actor.ack('join_room', { roomType: 'conversation', roomId: 42 }),
        { success: true, message: 'Joined room: conversation:42' });
      assert.equal((await watcher.next('user_joined')).room, 'conversation:42');
      await services.publish('message.sent', { conversationId: 42, message: 'number' });
      await services.publish('message.sent', { conversationId: '42', message: 'string' });
      for (const member of [watcher, actor]) {
        assert.equal((await member.next('new_message')).message, 'number');
        assert.equal((await member.next('new_message')).message, 'string');
      }
    });

    test('ids are taken as they are: spaces, colons, quotes, backslashes, letters', async (t) => {
      const watcher = await connect(t, here, { userId: 'watcher' });
      const actor = await connect(t, other, { userId: 'actor' });
      for (const roomId of ['a b', 'a:b', '"', '\\', '*', '日本 é 😀', '__proto__', '-1']) {
        await watcher.join('conversation', roomId);
        assert.deepEqual(await actor.ack('join_room', { roomType: 'conversation', roomId }),
          { success: true, message: `Joined room: conversation:${roomId}` });
        assert.equal((await watcher.next('user_joined')).room, `conversation:${roomId}`);
      }
    });
  });
}

describe('refused', () => {
  for (const event of ['join_room', 'leave_room']) {
    for (const [name, args, error] of badRooms) {
      test(`${event} with ${name}`, async (t) => {
        const made = await connect(t, here, { userId: 'u1' });
        assert.deepEqual(await made.ack(event, ...args), { error });
      });
    }
  }

  test('a refused join of a user room receives nothing of that user', async (t) => {
    const owner = await connect(t, here, { userId: 'u2' });
    const thief = await connect(t, here, { userId: 'u1' });
    await thief.ack('join_room', { roomType: 'user', roomId: 'u2' });
    await thief.ack('join_room', { roomType: 'conversation', roomId: 'x' });
    await services.publish('booking.confirmed', { bookingId: 'b1', userId: 'u2' });
    await owner.next('booking_update');
    await thief.ack('join_room', {});
    assert.deepEqual(thief.all('booking_update'), []);
  });
});

describe('just within the limits', () => {
  const cases = [
    ['256 bytes', 'x'.repeat(256)],
    ['128 letters, 256 bytes', 'é'.repeat(128)],
    ['one letter', 'x'],
  ];
  for (const [name, roomId] of cases) {
    test(`a roomId of ${name}`, async (t) => {
      const made = await connect(t, here, { userId: 'u1' });
      assert.deepEqual(await made.ack('join_room', { roomType: 'conversation', roomId }),
        { success: true, message: `Joined room: conversation:${roomId}` });
    });
  }

  for (const roomId of [42, -1, 1.5, 9007199254740991]) {
    test(`the number ${roomId}`, async (t) => {
      const made = await connect(t, here, { userId: 'u1' });
      assert.deepEqual(await made.ack('join_room', { roomType: 'conversation', roomId }),
        { success: true, message: `Joined room: conversation:${roomId}` });
    });
  }

  test('further fields and arguments are ignored', async (t) => {
    const made = await connect(t, here, { userId: 'u1' });
    assert.deepEqual(
      await made.ack('join_room', { roomId: 'c1', extra: [1], roomType: 'conversation' }, 'more'),
      { success: true, message: 'Joined room: conversation:c1' });
  });
});
