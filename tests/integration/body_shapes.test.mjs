// The three shapes of an event's body, and which of its members a client sees.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { assertFresh } from './support/asserts.mjs';
import { connect } from './support/clients.mjs';
import { joinedWebSocket } from './support/engineio.mjs';
import { gateway } from './support/gateway.mjs';
import { token } from './support/tokens.mjs';

const { edge, services } = await gateway();

const TIME = '2024-11-17T10:00:00.000Z';
const OUTER = '2024-11-17T11:11:11.111Z';

// [name, routing key, published, client event, what the client gets]
const cases = [
  ['a flat message', 'message.sent',
    { conversationId: 'c1', senderId: 'u1', message: 'hi', timestamp: TIME },
    'new_message', { conversationId: 'c1', senderId: 'u1', message: 'hi', timestamp: TIME }],
  ['a message wrapped with eventName', 'message.sent',
    { eventName: 'message.sent', service: 'message-service', timestamp: OUTER,
      data: { conversationId: 'c1', senderId: 'u1', message: 'hi', timestamp: TIME } },
    'new_message', { conversationId: 'c1', senderId: 'u1', message: 'hi', timestamp: TIME }],
  ['a booking wrapped with eventType', 'booking.confirmed',
    { eventType: 'booking.confirmed', source: 'booking-service', timestamp: OUTER,
      data: { bookingId: 'b1', userId: 'u1', status: 'paid', timestamp: TIME } },
    'booking_update', { bookingId: 'b1', status: 'paid', type: 'booking_confirmed',
      timestamp: TIME }],
  ['a notification wrapped with eventName', 'notification.created',
    { eventName: 'notification.created', service: 's', timestamp: OUTER,
      data: { notificationId: 'n1', userId: 'u1', type: 't', title: 'T', message: 'm',
        data: { a: 1 }, timestamp: TIME } },
    'new_notification', { notificationId: 'n1', type: 't', title: 'T', message: 'm',
      data: { a: 1 }, timestamp: TIME }],
  ['a flat notification whose data is its own', 'notification.created',
    { notificationId: 'n1', userId: 'u1', data: { userId: 'u2', timestamp: OUTER },
      timestamp: TIME },
    'new_notification', { notificationId: 'n1', data: { userId: 'u2', timestamp: OUTER },
      timestamp: TIME }],
  ['a message as the message service sends it', 'message.sent',
    { messageId: 'm1', conversationId: 'c1', senderId: 'u2', text: 'hello', timestamp: TIME },
    'new_message', { messageId: 'm1', conversationId: 'c1', senderId: 'u2', message: 'hello',
      timestamp: TIME }],
  ['message is preferred to text', 'message.sent',
    { conversationId: 'c1', message: 'a', text: 'b', timestamp: TIME },
    'new_message', { conversationId: 'c1', message: 'a', timestamp: TIME }],
  ['a booking as the booking service sends it', 'booking.confirmed',
    { reservationId: 'r1', userId: 'u1', hostId: 'h1', listingId: 'l1', paymentIntentId: 'p1',
      total: 120.5, timestamp: TIME },
    'booking_update', { bookingId: 'r1', status: 'confirmed', type: 'booking_confirmed',
      timestamp: TIME }],
  ['bookingId is preferred to reservationId', 'booking.confirmed',
    { bookingId: 'b1', reservationId: 'r1', userId: 'u1', timestamp: TIME },
    'booking_update', { bookingId: 'b1', status: 'confirmed', type: 'booking_confirmed',
      timestamp: TIME }],
  ['guestId stands in for userId', 'booking.confirmed',
    { bookingId: 'b1', guestId: 'u1', timestamp: TIME },
    'booking_update', { bookingId: 'b1', status: 'confirmed', type: 'booking_confirmed',
      timestamp: TIME }],
  ['userId is preferred to guestId', 'booking.confirmed',
    { bookingId: 'b1', guestId: 'u2', userId: 'u1', timestamp: TIME },
    'booking_update', { bookingId: 'b1', status: 'confirmed', type: 'booking_confirmed',
      timestamp: TIME }],
  ['the type of a booking is ours', 'booking.confirmed',
    { bookingId: 'b1', userId: 'u1', type: 'other', timestamp: TIME },
    'booking_update', { bookingId: 'b1', status: 'confirmed', type: 'booking_confirmed',
      timestamp: TIME }],
  ['what is absent stays absent', 'notification.created',
    { userId: 'u1', timestamp: TIME },
    'new_notification', { timestamp: TIME }],
  ['further members are left out', 'message.sent',
    { conversationId: 'c1', message: 'm', secret: 'x', timestamp: TIME },
    'new_message', { conversationId: 'c1', message: 'm', timestamp: TIME }],
  ['the wrapper lends its timestamp (eventName)', 'message.sent',
    { eventName: 'message.sent', timestamp: OUTER, data: { conversationId: 'c1' } },
    'new_message', { conversationId: 'c1', timestamp: OUTER }],
  ['the wrapper lends its timestamp (eventType)', 'booking.confirmed',
    { eventType: 'booking.confirmed', timestamp: OUTER, data: { bookingId: 1, userId: 'u1' } },
    'booking_update', { bookingId: 1, status: 'confirmed', type: 'booking_confirmed',
      timestamp: OUTER }],
  ['values keep their type', 'notification.created',
    { userId: 'u1', notificationId: 7, type: null, title: false, message: ['a', 1],
      data: { n: -1.5, deep: [[{ x: null }]], empty: {}, text: '日本 "\\/\n 😀' },
      timestamp: 1700 },
    'new_notification', { notificationId: 7, type: null, title: false, message: ['a', 1],
      data: { n: -1.5, deep: [[{ x: null }]], empty: {}, text: '日本 "\\/\n 😀' },
      timestamp: 1700 }],
  ['a room id that is a number', 'message.sent',
    { conversationId: 17, message: 'm', timestamp: TIME },
    'new_message', { conversationId: 17, message: 'm', timestamp: TIME }],
  ['falsy values are values', 'message.sent',
    { conversationId: 'c1', senderId: 0, recipientId: '', message: '', text: 't',
      timestamp: TIME },
    'new_message', { conversationId: 'c1', senderId: 0, recipientId: '', message: '',
      timestamp: TIME }],
];

for (const [name, routingKey, published, event, expected] of cases) {
  test(name, async (t) => {
    const user = await connect(t, edge, { userId: 'u1' });
    await user.join('conversation', 'c1');
    await user.join('conversation', 17);
    await services.publish(routingKey, published);
    assert.deepStrictEqual(await user.next(event), expected);
  });
}

for (const [name, published] of [
  ['flat', { conversationId: 'c1' }],
  ['wrapped', { eventName: 'message.sent', data: { conversationId: 'c1' } }],
]) {
  test(`without any timestamp it is now (${name})`, async (t) => {
    const user = await connect(t, edge, { userId: 'u1' });
    await user.join('conversation', 'c1');
    await services.publish('message.sent', published);
    assertFresh((await user.next('new_message')).timestamp);
  });
}

describe('numbers pass through digit by digit', () => {
  // JavaScript's own numbers would hide a change, so the bytes of the frame are looked at.
  let raw;
  before(async () => {
    raw = await joinedWebSocket(edge.url, token({ id: 'digits' }));
  });

  const numbers = ['9007199254740993', '-9223372036854775808', '18446744073709551616',
    '123456789012345678901234567890', '1.10', '1e400', '-0', '0.1000000000000000055'];
  for (const number of numbers) {
    test(number, async () => {
      await services.publish('notification.created',
        `{"userId":"digits","data":{"value":${number}},"timestamp":"${TIME}"}`);
      assert.match(await raw.nextFor('42["new_notification"'),
        new RegExp(`"value": ?${number.replace('.', '\\.')}[,}]`));
    });
  }

  test('and the socket ends', () => raw.close());
});
