// typing and stop_typing reach the other members of a room that the sender has joined.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertAbout, badRooms } from './support/asserts.mjs';
import { connect, newConversation } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';

const { edges: [here, there] } = await gateway({ edges: 2 });

const HEARD = { typing: 'user_typing', stop_typing: 'user_stop_typing' };

for (const [where, other] of [['on one edge', here], ['across two edges', there]]) {
  describe(where, () => {
    for (const [event, heard] of Object.entries(HEARD)) {
      test(`${event} is acknowledged and the other members get ${heard}`, async (t) => {
        const room = newConversation();
        const typist = await connect(t, here, { userId: 'typist' });
        const reader = await connect(t, other, { userId: 'reader' });
        await typist.join('conversation', room.id);
        await reader.join('conversation', room.id);
        assert.deepEqual(await typist.ack(event, room.which), { success: true });
        assertAbout(await reader.next(heard),
          { socketId: typist.id, userId: 'typist', room: room.name });
        // What comes back from the reader would stand behind the typist's own echo.
        await reader.ack(event, room.which);
        assert.equal((await typist.next(heard)).userId, 'reader');
        assert.equal(typist.all(heard).length, 1);
      });
    }

    test('a second socket of the same user hears it', async (t) => {
      const room = newConversation();
      const phone = await connect(t, here, { userId: 'u1' });
      const laptop = await connect(t, other, { userId: 'u1' });
      await phone.join('conversation', room.id);
      await laptop.join('conversation', room.id);
      await phone.ack('typing', room.which);
      assert.equal((await laptop.next('user_typing')).socketId, phone.id);
    });

    test('only members of that room hear it', async (t) => {
      const room = newConversation();
      const second = newConversation();
      const typist = await connect(t, here, { userId: 'typist' });
      const outsider = await connect(t, other, { userId: 'outsider' });
      await typist.join('conversation', room.id);
      await typist.join('conversation', second.id);
      await outsider.join('conversation', second.id);
      await typist.ack('typing', room.which);
      await typist.ack('typing', second.which);
      assert.equal((await outsider.next('user_typing')).room, second.name);
      assert.equal(outsider.all('user_typing').length, 1);
    });

    test('events of one sender keep their order', async (t) => {
      const room = newConversation();
      const typist = await connect(t, here, { userId: 'typist' });
      const reader = await connect(t, other, { userId: 'reader' });
      await typist.join('conversation', room.id);
      await reader.join('conversation', room.id);
      const sent = [];
      for (let i = 0; i < 50; i++) {
        const event = i % 3 === 0 ? 'stop_typing' : 'typing';
        typist.socket.emit(event, room.which);
        sent.push(HEARD[event]);
      }
      await typist.ack('leave_room', room.which);
      await reader.next('user_left');
      assert.deepEqual(reader.received.map(({ event }) => event)
        .filter((event) => sent.includes(event)), sent);
    });
  });
}

describe('refused', () => {
  for (const event of Object.keys(HEARD)) {
    test(`${event} in a room that was never joined`, async (t) => {
      const room = newConversation();
      const made = await connect(t, here, { userId: 'u1' });
      assert.deepEqual(await made.ack(event, room.which), { error: 'Not in room' });
    });

    test(`${event} in a room that was left`, async (t) => {
      const room = newConversation();
      const made = await connect(t, here, { userId: 'u1' });
      await made.join('conversation', room.id);
      await made.ack('leave_room', room.which);
      assert.deepEqual(await made.ack(event, room.which), { error: 'Not in room' });
    });

    test(`nobody hears a refused ${event}`, async (t) => {
      const room = newConversation();
      const member = await connect(t, here, { userId: 'member' });
      await member.join('conversation', room.id);
      const stranger = await connect(t, here, { userId: 'stranger' });
      await stranger.ack(event, room.which);
      await stranger.join('conversation', room.id);
      await member.next('user_joined');
      assert.deepEqual(member.all(HEARD[event]), []);
    });

    for (const [name, args, error] of badRooms) {
      test(`${event} with ${name}`, async (t) => {
        const made = await connect(t, here, { userId: 'u1' });
        assert.deepEqual(await made.ack(event, ...args), { error });
      });
    }
  }
});
