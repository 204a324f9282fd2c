// Clients that have nothing but HTTP long-polling.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNumbered } from './support/asserts.mjs';
import { connect } from './support/clients.mjs';
import { joinedPolling } from './support/engineio.mjs';
import { gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';
import { token } from './support/tokens.mjs';
import { until } from './support/wait.mjs';

const made = await gateway({ edges: 2, env: { PING_INTERVAL: '300' } });
const { edges: [edge, there], services } = made;
const strict = await made.addEdge({ PING_TIMEOUT: '3000' });
await strict.ready();

const polling = (t, to, userId) => connect(t, to, { userId, transports: ['polling'] });

test('connects, joins, types, leaves', async (t) => {
  const one = await polling(t, edge, 'u1');
  const two = await polling(t, there, 'u2');
  assert.equal(one.transport, 'polling');
  await one.join('conversation', 'c1');
  await two.join('conversation', 'c1');
  assert.equal((await one.next('user_joined')).userId, 'u2');
  await one.ack('typing', { roomType: 'conversation', roomId: 'c1' });
  assert.equal((await two.next('user_typing')).userId, 'u1');
  await two.ack('leave_room', { roomType: 'conversation', roomId: 'c1' });
  assert.equal((await one.next('user_left')).userId, 'u2');
  assert.equal(one.transport, 'polling');
});

test('1000 numbered messages: all, once, in order', async (t) => {
  const client = await polling(t, edge, 'numbers');
  for (let i = 0; i < 1000; i++) {
    const published = services.publish('booking.confirmed', { bookingId: i, userId: 'numbers' });
    if (i % 20 === 0) await published; // spread over many polls
  }
  await until('all messages', () => client.all('booking_update').length >= 1000);
  assertNumbered(client.all('booking_update').map(({ bookingId }) => bookingId), 1000);
});

test('no answer has more than 16 packets', async (t) => {
  const raw = await joinedPolling(edge.url, token({ id: 'counted' }));
  const before = await edge.metric('ws_edge_deliveries_total');
  for (let i = 0; i < 40; i++) {
    await services.publish('booking.confirmed', { bookingId: i, userId: 'counted' });
  }
  await until('all delivered',
    async () => await edge.metric('ws_edge_deliveries_total') >= before + 40);
  const bookings = [];
  while (bookings.length < 40) {
    const packets = await raw.poll();
    assert.ok(packets.length <= 16, `${packets.length} packets`);
    bookings.push(...packets.filter((packet) => packet.startsWith('42["booking_update"')));
    if (packets.includes('2')) await raw.post('3');
  }
  assertNumbered(bookings.map((packet) => JSON.parse(packet.slice(2))[1].bookingId), 40);
});

test('a large message', async (t) => {
  const client = await polling(t, edge, 'large');
  const title = 'é'.repeat(400_000);
  await services.publish('notification.created', { userId: 'large', title });
  assert.equal((await client.next('new_notification')).title, title);
});

test('letters of all planes, both ways', async (t) => {
  const one = await polling(t, edge, 'Zoë 😀');
  const two = await polling(t, there, 'u2');
  const roomId = '日本 😀 \u2028 "quoted"';
  await two.join('conversation', roomId);
  await one.join('conversation', roomId);
  const joined = await two.next('user_joined');
  assert.equal(joined.userId, 'Zoë 😀');
  assert.equal(joined.room, `conversation:${roomId}`);
});

test('stays connected over many heartbeats, and without a message', async (t) => {
  const client = await polling(t, strict, 'idle');
  let pings = 0;
  client.socket.io.on('ping', () => { pings += 1; });
  await until('as many as it would not survive unanswered', () => pings >= 14);
  assert.deepEqual(client.disconnects, []);
});

test('a client that vanishes is noticed by its heartbeat', async (t) => {
  const watcher = await polling(t, edge, 'watcher');
  await watcher.join('conversation', 'c9');
  // It says what it has to say and never polls again.
  const gone = await joinedPolling(strict.url, token({ id: 'gone' }));
  await gone.post('42["join_room",{"roomType":"conversation","roomId":"c9"}]');
  await watcher.next('user_joined');
  assert.equal((await watcher.next('user_left')).userId, 'gone');
});

test('disconnecting says goodbye at once', async (t) => {
  const watcher = await polling(t, edge, 'watcher');
  await watcher.join('conversation', 'c2');
  const leaver = await polling(t, edge, 'leaver');
  await leaver.join('conversation', 'c2');
  await watcher.next('user_joined');
  leaver.close();
  assert.equal((await watcher.next('user_left')).userId, 'leaver');
});

test('ten clients behind one kept-alive connection each', async (t) => {
  const clients = await Promise.all(Array.from({ length: 10 }, (_, i) =>
    polling(t, i % 2 ? edge : there, `crowd${i}`)));
  for (const client of clients) await client.join('conversation', 'crowd');
  await services.publish('message.sent', { conversationId: 'crowd', message: 'all' });
  for (const client of clients) assert.equal((await client.next('new_message')).message, 'all');
});

test('a poll of an ended session is refused', async (t) => {
  const client = await polling(t, edge, 'u1');
  const { id } = client.socket.io.engine;
  client.close();
  const url = `${edge.url}/socket.io/?EIO=4&transport=polling&sid=${id}`;
  const answer = await until('the end of the session', async () => {
    const got = await request(url);
    // A poll beside the client's own last one is refused too, but without a body.
    return got.status !== 200 && got.body && got;
  });
  assert.equal(answer.status, 400);
  assert.deepEqual(answer.json(), { code: 1, message: 'Session ID unknown' });
});
