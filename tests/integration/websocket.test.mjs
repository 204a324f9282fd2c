// Clients that use WebSocket from the beginning.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNumbered } from './support/asserts.mjs';
import { connect } from './support/clients.mjs';
import { joinedWebSocket } from './support/engineio.mjs';
import { gateway } from './support/gateway.mjs';
import { token } from './support/tokens.mjs';
import { until } from './support/wait.mjs';

const PING_TIMEOUT = 3000; // of clients that do not answer

const made = await gateway({ env: { PING_INTERVAL: '300' } });
const { edge, services } = made;
const strict = await made.addEdge({ PING_TIMEOUT: String(PING_TIMEOUT) });
await strict.ready();

test('connects without a single poll', async (t) => {
  const client = await connect(t, edge, { userId: 'u1' });
  assert.equal(client.transport, 'websocket');
});

test('1000 numbered messages: all, once, in order', async (t) => {
  const client = await connect(t, edge, { userId: 'numbers' });
  await Promise.all(Array.from({ length: 1000 }, (_, bookingId) =>
    services.publish('booking.confirmed', { bookingId, userId: 'numbers' })));
  await until('all messages', () => client.all('booking_update').length >= 1000);
  assertNumbered(client.all('booking_update').map(({ bookingId }) => bookingId), 1000);
});

test('messages of every size class of a frame', async (t) => {
  const client = await connect(t, edge, { userId: 'sizes' });
  for (const length of [0, 1, 100, 125, 126, 127, 1000, 65_535, 65_536, 70_000, 900_000]) {
    await services.publish('notification.created', { userId: 'sizes', title: 'x'.repeat(length) });
    assert.equal((await client.next('new_notification')).title.length, length);
  }
});

test('a payload of the client up to the limit, and not beyond', async (t) => {
  const client = await connect(t, edge, { userId: 'big' });
  const answer = await client.ack('join_room',
    { roomType: 'conversation', roomId: 'x', padding: 'p'.repeat(990_000) });
  assert.equal(answer.success, true);
  client.socket.emit('join_room', { padding: 'p'.repeat(1_000_001) });
  await until('the end', () => client.disconnects.length > 0);
  assert.match(client.disconnects[0], /^transport (close|error)$/);
});

test('stays connected over many heartbeats', async (t) => {
  const client = await connect(t, strict, { userId: 'idle' });
  let pings = 0;
  client.socket.io.on('ping', () => { pings += 1; });
  await until('as many as it would not survive unanswered', () => pings >= 14);
  assert.deepEqual(client.disconnects, []);
});

test('a client that does not answer its heartbeat is closed', async (t) => {
  const watcher = await connect(t, edge, { userId: 'watcher' });
  await watcher.join('conversation', 'c1');
  const began = Date.now();
  const mute = await joinedWebSocket(strict.url, token({ id: 'mute' }));
  mute.send('42["join_room",{"roomType":"conversation","roomId":"c1"}]');
  await watcher.next('user_joined');
  assert.equal((await watcher.next('user_left')).userId, 'mute');
  assert.ok(Date.now() - began >= PING_TIMEOUT, 'it was given no time to answer');
  await mute.closed;
});

test('a WebSocket client that breaks off mid-frame harms nobody', async (t) => {
  const watcher = await connect(t, edge, { userId: 'watcher' });
  await watcher.join('conversation', 'c2');
  const broken = await joinedWebSocket(edge.url, token({ id: 'broken' }));
  broken.send('42["join_room",{"roomType":"conversation","roomId":"c2"}]');
  await watcher.next('user_joined');
  broken.socket._socket.write(Buffer.from([0x81, 0xfe, 0x10, 0x00, 1, 2, 3, 4, 5]));
  broken.close();
  assert.equal((await watcher.next('user_left')).userId, 'broken');
});
