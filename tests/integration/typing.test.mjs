// typing and stop_typing reach the other members of a room that the sender has joined.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertAbout, badRooms } from './support/asserts.mjs';
import { connect } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';

const { edges: [here, there] } = await gateway({ edges: 2 });

const ROOM = { roomType: 'conversation', roomId: 'c1' };
const HEARD = { typing: 'user_typing', stop_typing: 'user_stop_typing' };

for (const [where, other] of [['on one edge', here], ['across two edges', there]]) {
  describe(where, () => {
    for (const [event, heard] of Object.entries(HEARD)) {
      test(`${event} is acknowledged and the other members get ${heard}`, async (t) => {
        const typist = await connect(t, here, { userId: 'typist' });
        const reader = await connect(t, other, { userId: 'reader' });
        await typist.join('conversation', 'c1');
        await reader.join('conversation', 'c1');
        assert.deepEqual(await typist.ack(event, ROOM), { success: true });
        assertAbout(await reader.next(heard),
          { socketId: typist.id, userId: 'typist', room: 'conversation:c1' });
        // What comes back from the reader would stand behind the typist's own echo.
        await reader.ack(event, ROOM);
        assert.equal((await typist.next(heard)).userId, 'reader');
        assert.equal(typist.all(heard).length, 1);
      });
    }

    test('a second socket of the same user hears it', async (t) => {
      const phone = await connect(t, here, { userId: 'u1' });
      const laptop = await connect(t, other, { userId: 'u1' });
      await phone.join('conversation', 'c1');
      await laptop.join('conversation', 'c1');
      await phone.ack('typing', ROOM);
      assert.equal((await laptop.next('user_typing')).socketId, phone.id);
    });

    test('only members of that room hear it', async (t) => {
      const typist = await connect(t, here, { userId: 'typist' });
      const outsider = await connect(t, other, { userId: 'outsider' });
      await typist.join('conversation', 'c1');
      await typist.join('conversation', 'c2');
      await outsider.join('conversation', 'c2');
      await typist.ack('typing', ROOM);
      await typist.ack('typing', { ...ROOM, roomId: 'c2' });
      assert.equal((await outsider.next('user_typing')).room, 'conversation:c2');
      assert.equal(outsider.all('user_typing').length, 1);
    });

    test('events of one sender keep their order', async (t) => {
      const typist = await connect(t, here, { userId: 'typist' });
      const reader = await connect(t, other, { userId: 'reader' });
      await typist.join('conversation', 'c1');
      await reader.join('conversation', 'c1');
      const sent = [];
      for (let i = 0; i < 50; i++) {
        const event = i % 3 === 0 ? 'stop_typing' : 'typing';
        typist.socket.emit(event, ROOM);
        sent.push(HEARD[event]);
      }
      await typist.ack('leave_room', ROOM);
      await reader.next('user_left');
      assert.deepEqual(reader.received.map(({ event }) => event)
        .filter((event) => sent.includes(event)), sent);
    });
  });
}

describe('refused', () => {
  for (const event of Object.keys(HEARD)) {
    test(`${event} in a room that was never joined`, async (t) => {
      const made = await connect(t, here, { userId: 'u1' });
      assert.deepEqual(await made.ack(event, ROOM), { error: 'Not in room' });
    });

    test(`${event} in a room that was left`, async (t) => {
      const made = await connect(t, here, { userId: 'u1' });
      await made.join('conversation', 'c1');
      await made.ack('leave_room', ROOM);
      assert.deepEqual(await made.ack(event, ROOM), { error: 'Not in room' });
    });

    test(`nobody hears a refused ${event}`, async (t) => {
      const member = await connect(t, here, { userId: 'member' });
      await member.join('conversation', 'c1');
      const stranger = await connect(t, here, { userId: 'stranger' });
      await stranger.ack(event, ROOM);
      await stranger.join('conversation', 'c1');
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
