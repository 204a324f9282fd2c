// Events that can reach nobody: kept aside with the reason, and in nobody's way.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertFresh } from './support/asserts.mjs';
import { DEAD_LETTERS, QUEUES } from './support/brokers.mjs';
import { connect } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { longHeader, publishRaw } from './support/raw_publish.mjs';
import { until } from './support/wait.mjs';

const { edge, relay, services } = await gateway();

const EXCERPT = 64 * 1024; // what is kept of a body over the limit
const LIMIT = 4 * 1024 * 1024; // the default of MAX_EVENT_BYTES, or a little more than it

const cases = [
  ['a message without conversationId', 'message.sent', { senderId: 'u1', message: 'secret text' }],
  ['a booking without userId and guestId', 'booking.confirmed', { bookingId: 'b1' }],
  ['a notification without userId', 'notification.created', { notificationId: 'n1' }],
  ['a wrapped message without conversationId', 'message.sent',
    { eventName: 'message.sent', conversationId: 'c1', data: { message: 'x' } }],
  ['an empty room id', 'message.sent', { conversationId: '', message: 'x' }],
  ['a null room id', 'message.sent', { conversationId: null, message: 'x' }],
  ['a room id that is an object', 'message.sent', { conversationId: { a: 1 }, message: 'x' }],
  ['a room id with a line break', 'message.sent', { conversationId: 'a\nb', message: 'x' }],
  ['no JSON', 'message.sent', 'not json'],
  ['half a JSON', 'message.sent', '{"conversationId":"c1"'],
  ['nothing at all', 'message.sent', ''],
  ['a JSON list', 'message.sent', '[{"conversationId":"c1"}]'],
  ['a JSON string', 'message.sent', '"c1"'],
  ['JSON null', 'booking.confirmed', 'null'],
  ['bytes that are no UTF-8', 'message.sent',
    Buffer.from('{"conversationId":"c1","message":"\xff\xfe"}', 'latin1')],
  ['JSON nested without end', 'message.sent',
    `{"conversationId":"c1","message":${'['.repeat(100_000)}`],
  ['a body over the limit', 'message.sent',
    { conversationId: 'c1', message: 'x'.repeat(LIMIT) }],
];

for (const [name, routingKey, body] of cases) {
  test(name, async (t) => {
    const user = await connect(t, edge, { userId: 'u1' });
    await user.join('conversation', 'c1');
    const exchange = 'hometrip-events';
    await services.publish(routingKey, body, { exchange });
    const letter = await services.deadLetter();

    const sent = typeof body === 'string' || Buffer.isBuffer(body)
      ? Buffer.from(body) : Buffer.from(JSON.stringify(body));
    const kept = sent.length > LIMIT ? sent.subarray(0, EXCERPT) : sent;
    assert.ok(letter.message.content.equals(kept), 'the body was changed');
    assert.equal(letter.headers['x-original-size'], sent.length);
    assert.equal(typeof letter.headers['x-reason'], 'string');
    assert.ok(letter.headers['x-reason'].length > 0);
    assert.equal(letter.headers['x-original-routing-key'], routingKey);
    assert.equal(letter.headers['x-original-exchange'], exchange);
    assertFresh(new Date(letter.headers['x-failed-at']).toISOString());

    // The queue goes on, and nobody saw the letter.
    await services.publish('message.sent', { conversationId: 'c1', message: 'next' });
    assert.equal((await user.next('new_message')).message, 'next');
    for (const queue of QUEUES) assert.equal(await services.waiting(queue), 0);
  });
}

test('the reason tells the cases apart', async () => {
  const reasons = new Set();
  for (const body of [{ message: 'no room' }, 'no json', '[]']) {
    await services.publish('message.sent', body);
    reasons.add((await services.deadLetter()).headers['x-reason']);
  }
  assert.equal(reasons.size, 3, [...reasons].join(' | '));
});

test('properties of the message are kept', async () => {
  const headers = { 'x-tenant': 'eu', list: [1, 'two', { three: true }], nothing: null, 'x-reason': 'mine' };
  const kept = {
    messageId: 'id-17', contentType: 'application/json', contentEncoding: 'utf-8', priority: 3,
    correlationId: 'c-1', replyTo: 'answers', timestamp: 1700000000, type: 'MessageSent',
    appId: 'message-service',
  };
  await services.publish('message.sent', 'not json',
    { ...kept, headers, expiration: '60000', userId: 'guest', persistent: false });
  const { message: { properties } } = await services.deadLetter();
  for (const [name, value] of Object.entries(kept)) assert.equal(properties[name], value, name);
  assert.equal(properties.headers['x-tenant'], 'eu');
  assert.deepEqual(properties.headers.list, headers.list);
  assert.equal(properties.headers.nothing, null);
  assert.notEqual(properties.headers['x-reason'], 'mine');
  assert.equal(properties.deliveryMode, 2, 'a dead letter is persistent');
  assert.equal(properties.expiration, undefined, 'a dead letter does not expire');
  assert.equal(properties.headers['x-original-expiration'], '60000');
  assert.equal(properties.headers['x-original-user-id'], 'guest');
});

test('a letter goes into no other queue, whatever the event said', async () => {
  await services.publish('message.sent', 'not json', { CC: ['booking.confirmed'] });
  const reasons = [await services.deadLetter(), await services.deadLetter()];
  for (const { headers } of reasons) assert.deepEqual(headers['x-original-cc'], ['booking.confirmed']);
  assert.equal(await services.waiting(DEAD_LETTERS), 0);
});

test('headers that fill a frame leave the reason its room', async (t) => {
  const channel = await services.connection.createChannel();
  t.after(() => channel.close());
  publishRaw(channel, QUEUES[0], longHeader(131072 - 100), 'full', 'not json');
  const { headers, message } = await services.deadLetter();
  assert.equal(message.properties.messageId, 'full');
  assert.ok(headers['x-original-headers-dropped'] > 130_000);
  assert.equal(await relay.metric('ws_relay_dead_letters_stripped_total'), 1);
  await relay.logs(/a dead letter is without the headers of its event/);
});

test('they are logged without their text, and counted', async () => {
  const before = await relay.metric('ws_relay_dead_letters_total');
  await services.publish('message.sent', { message: 'a very secret text' });
  await services.deadLetter();
  await until('the counter', async () =>
    (await relay.metric('ws_relay_dead_letters_total')) === before + 1);
  await relay.logs(/dead.letter/i);
  assert.doesNotMatch(relay.log, /very secret/);
});

test('the queue of dead letters is durable', async () => {
  await services.channel.assertQueue(DEAD_LETTERS, { durable: true });
});

test('a body just within the limit arrives', async (t) => {
  const user = await connect(t, edge, { userId: 'u1' });
  await user.join('conversation', 'c1');
  const message = 'x'.repeat(800_000);
  await services.publish('message.sent', { conversationId: 'c1', message });
  assert.equal((await user.next('new_message')).message.length, message.length);
});

test('many of them at once do not stop the good ones between them', async (t) => {
  const user = await connect(t, edge, { userId: 'u1' });
  await user.join('conversation', 'c1');
  const numbers = Array.from({ length: 100 }, (_, i) => i);
  await Promise.all(numbers.flatMap((number) => [
    services.publish('message.sent', `rubbish ${number}`),
    services.publish('message.sent', { conversationId: 'c1', message: number }),
  ]));
  await until('the good ones', () => user.all('new_message').length >= 100);
  assert.deepEqual(user.all('new_message').map(({ message }) => message), numbers);
  await until('the bad ones', async () => (await services.waiting(DEAD_LETTERS)) === 100);
});
