// What services publish reaches the members of the right room, on one edge and across two.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertNumbered } from './support/asserts.mjs';
import { QUEUES } from './support/brokers.mjs';
import { connect } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { until } from './support/wait.mjs';

const { edges: [here, there], services } = await gateway({ edges: 2 });

const TIME = '2024-11-17T10:00:00.000Z';
const EXCHANGES = ['hometrip_events', 'hometrip-events', 'hometrip'];

for (const [where, edge] of [['at the first edge', here], ['at the second edge', there]]) {
  describe(where, () => {
    for (const exchange of EXCHANGES) {
      test(`message.sent by ${exchange} becomes new_message in the conversation`, async (t) => {
        const member = await connect(t, edge, { userId: 'u1' });
        await member.join('conversation', 'c1');
        const body = { conversationId: 'c1', senderId: 'u2', recipientId: 'u1', message: 'hi',
          timestamp: TIME };
        await services.publish('message.sent', body, { exchange });
        assert.deepStrictEqual(await member.next('new_message'), body);
      });

      test(`booking.confirmed by ${exchange} becomes booking_update at the user`, async (t) => {
        const user = await connect(t, edge, { userId: 'u1' });
        await services.publish('booking.confirmed',
          { bookingId: 'b1', userId: 'u1', status: 'confirmed', timestamp: TIME }, { exchange });
        assert.deepStrictEqual(await user.next('booking_update'),
          { bookingId: 'b1', status: 'confirmed', type: 'booking_confirmed', timestamp: TIME });
      });

      test(`notification.created by ${exchange} becomes new_notification`, async (t) => {
        const user = await connect(t, edge, { userId: 'u1' });
        const body = { notificationId: 'n1', type: 'review', title: 'A title', message: 'hi',
          data: { url: '/r/1' }, timestamp: TIME };
        await services.publish('notification.created', { userId: 'u1', ...body }, { exchange });
        assert.deepStrictEqual(await user.next('new_notification'), body);
      });
    }
  });
}

test('an event carries one argument, and behind it the offset for those who keep one', async (t) => {
  const user = await connect(t, here, { userId: 'u1' });
  const other = await connect(t, here, { userId: 'u1', query: { recovery: '0' } });
  await services.publish('booking.confirmed', { bookingId: 'b1', userId: 'u1' });
  for (const client of [user, other]) await client.next('booking_update');
  assert.match(user.received.at(-1).args[1], /^[\w~]{8,18}$/);
  assert.equal(user.received.at(-1).args.length, 2);
  assert.equal(other.received.at(-1).args.length, 1);
});

test('all sockets of a user get it, at whatever edge and over whatever transport', async (t) => {
  const sockets = await Promise.all([
    connect(t, here, { userId: 'u1' }),
    connect(t, here, { userId: 'u1', transports: ['polling'] }),
    connect(t, there, { userId: 'u1' }),
    connect(t, there, { userId: 'u1', transports: ['polling'] }),
  ]);
  await services.publish('booking.confirmed', { bookingId: 'b1', userId: 'u1' });
  for (const socket of sockets) {
    assert.equal((await socket.next('booking_update')).bookingId, 'b1');
  }
});

test('nobody else gets it', async (t) => {
  const member = await connect(t, here, { userId: 'u1' });
  const others = [
    await connect(t, here, { userId: 'u2' }),
    await connect(t, there, { userId: 'u2' }),
  ];
  await member.join('conversation', 'c1');
  for (const other of others) await other.join('conversation', 'c2');
  await others[1].join('notification', 'c1');
  await services.publish('message.sent', { conversationId: 'c1', message: 'for c1' });
  await services.publish('booking.confirmed', { bookingId: 'b1', userId: 'u1' });
  await services.publish('notification.created', { notificationId: 'n1', userId: 'u1' });
  await services.publish('message.sent', { conversationId: 'c2', message: 'for c2' });
  await member.next('new_notification');
  for (const other of others) {
    assert.equal((await other.next('new_message')).message, 'for c2');
    assert.deepEqual(other.received.map(({ event }) => event)
      .filter((event) => !event.startsWith('user_')), ['connected', 'new_message']);
  }
});

test('the members of a conversation include the one who sent', async (t) => {
  const sender = await connect(t, here, { userId: 'u1' });
  await sender.join('conversation', 'c1');
  await services.publish('message.sent', { conversationId: 'c1', senderId: 'u1', message: 'me' });
  assert.equal((await sender.next('new_message')).message, 'me');
});

test('a notification room is not where notification.created goes', async (t) => {
  const user = await connect(t, here, { userId: 'u1' });
  const member = await connect(t, here, { userId: 'u2' });
  await member.join('notification', 'n1');
  await services.publish('notification.created', { notificationId: 'n1', userId: 'u1' });
  await user.next('new_notification');
  await member.ack('typing', {});
  assert.deepEqual(member.all('new_notification'), []);
});

test('after leaving nothing comes any more', async (t) => {
  const member = await connect(t, here, { userId: 'u1' });
  const stays = await connect(t, here, { userId: 'u2' });
  for (const client of [member, stays]) await client.join('conversation', 'c1');
  await member.ack('leave_room', { roomType: 'conversation', roomId: 'c1' });
  await services.publish('message.sent', { conversationId: 'c1', message: 'late' });
  await stays.next('new_message');
  await member.ack('typing', {});
  assert.deepEqual(member.all('new_message'), []);
});

test('1000 numbered messages: all, once, in order, at both edges', async (t) => {
  const count = 1000;
  const members = [];
  for (const edge of [here, there]) {
    for (const transports of [['websocket'], ['polling']]) {
      members.push(await connect(t, edge, { userId: `u${members.length}`, transports }));
    }
  }
  for (const member of members) await member.join('conversation', 'numbered');
  await Promise.all(Array.from({ length: count }, (_, number) =>
    services.publish('message.sent', { conversationId: 'numbered', message: number })));
  for (const member of members) {
    await until('all messages', () => member.all('new_message').length >= count);
  }
  for (const member of members) {
    assertNumbered(member.all('new_message').map(({ message }) => message), count);
  }
});

test('equal events are different events', async (t) => {
  const user = await connect(t, here, { userId: 'u1' });
  const event = { bookingId: 'b1', userId: 'u1', timestamp: TIME };
  for (let i = 0; i < 3; i++) await services.publish('booking.confirmed', event);
  for (let i = 0; i < 3; i++) await user.next('booking_update');
  await services.publish('booking.confirmed', { bookingId: 'last', userId: 'u1' });
  assert.equal((await user.next('booking_update')).bookingId, 'last');
});

test('an event for a room without members is taken off its queue', async () => {
  await services.publish('message.sent', { conversationId: 'nobody', message: 'x' });
  await until('an empty queue', async () => (await services.waiting(QUEUES[0])) === 0);
});

test('the queues are durable and have no arguments', async () => {
  // Declared otherwise, the broker would refuse with 406 and close the channel.
  for (const queue of QUEUES) {
    await services.channel.assertQueue(queue, { durable: true });
    assert.equal((await services.channel.checkQueue(queue)).consumerCount, 1);
  }
  for (const exchange of EXCHANGES) {
    await services.channel.assertExchange(exchange, 'topic', { durable: true });
  }
});
