// Clients that change from long-polling to WebSocket while messages arrive.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNumbered } from './support/asserts.mjs';
import { client, connect } from './support/clients.mjs';
import { RawWebSocket, joinedPolling } from './support/engineio.mjs';
import { Gate } from './support/gate.mjs';
import { gateway } from './support/gateway.mjs';
import { assertOnceWithin, timeUntil } from './support/limits.mjs';
import { token } from './support/tokens.mjs';
import { sleep, until } from './support/wait.mjs';

const { edge, services } = await gateway();

const COUNT = 1000;

// Publishes numbered bookings over about half a second, so that some are always on their way.
async function publishNumbered(userId) {
  const confirms = [];
  for (let bookingId = 0; bookingId < COUNT; bookingId++) {
    confirms.push(services.publish('booking.confirmed', { bookingId, userId }));
    if (bookingId % 10 === 9) await sleep(4);
  }
  await Promise.all(confirms);
}

const numbersOf = (of) => of.all('booking_update').map(({ bookingId }) => bookingId);

for (const openAt of [1, 100, 400, 700]) {
  test(`the change begins with message ${openAt}: all, once, in order`, async (t) => {
    const userId = `upgrade${openAt}`;
    const gate = await Gate.before(edge);
    t.after(() => gate.close());
    const made = client(t, { url: gate.url }, { userId, transports: ['polling', 'websocket'] });
    await made.connected();
    await made.next('connected');
    await until('the held handshake', () => gate.held.length > 0);
    const published = publishNumbered(userId);
    await until(`message ${openAt}`, () => numbersOf(made).length >= openAt);
    assert.equal(made.transport, 'polling');
    gate.letPass();
    await published;
    await until('all messages', () => numbersOf(made).length >= COUNT);
    assertNumbered(numbersOf(made), COUNT);
    await until('the change', () => made.transport === 'websocket');
    assert.deepEqual(made.disconnects, []);
  });
}

test('twenty clients change at once, and talk meanwhile', async (t) => {
  const gate = await Gate.before(edge);
  t.after(() => gate.close());
  const clients = await Promise.all(Array.from({ length: 20 }, () => connect(t,
    { url: gate.url }, { userId: 'crowd', transports: ['polling', 'websocket'] })));
  for (const made of clients) await made.join('conversation', 'crowd');
  await until('the held handshakes', () => gate.held.length === clients.length);
  const published = publishNumbered('crowd');
  await until('the first messages', () => numbersOf(clients[0]).length >= 50);
  gate.letPass();
  // What the clients send during the change must not be lost or answered twice either.
  const answers = await Promise.all(clients.flatMap((made) => Array.from({ length: 20 }, () =>
    made.ack('typing', { roomType: 'conversation', roomId: 'crowd' }))));
  for (const answer of answers) assert.deepEqual(answer, { success: true });
  await published;
  for (const made of clients) {
    await until('all messages', () => numbersOf(made).length >= COUNT);
    await until('the change', () => made.transport === 'websocket');
    await until('all typing', () => made.all('user_typing').length >= 19 * 20);
  }
  for (const made of clients) {
    assertNumbered(numbersOf(made), COUNT);
    assert.equal(made.all('user_typing').length, 19 * 20);
    assert.deepEqual(made.disconnects, []);
  }
});

test('without any load it takes no longer', async (t) => {
  await assertOnceWithin(3000, async () => {
    const made = await connect(t, edge, { userId: 'idle', transports: ['polling', 'websocket'] });
    const ms = await timeUntil('the change', () => made.transport === 'websocket');
    await made.join('conversation', 'idle');
    assert.deepEqual(made.disconnects, []);
    return ms;
  });
});

test('an upgrade that is given up leaves the polling session as it was', async () => {
  const polling = await joinedPolling(edge.url, token({ id: 'giveup' }));
  const probe = await RawWebSocket.open(edge.url, { sid: polling.sid });
  probe.send('2probe');
  assert.equal(await probe.next(), '3probe');
  probe.close();
  await services.publish('booking.confirmed', { bookingId: 'b1', userId: 'giveup' });
  assert.match(await polling.pollFor('42'), /"bookingId":"b1"/);
  await polling.post('1');
});

test('packet by packet: the pending poll ends, the queue moves, order stays', async () => {
  const polling = await joinedPolling(edge.url, token({ id: 'slow' }));
  const probe = await RawWebSocket.open(edge.url, { sid: polling.sid });
  probe.send('2probe');
  assert.equal(await probe.next(), '3probe');
  // Between probe and upgrade messages still belong to polling.
  const pending = polling.poll();
  await services.publish('booking.confirmed', { bookingId: 0, userId: 'slow' });
  const early = (await pending).filter((packet) => packet !== '6');
  await services.publish('booking.confirmed', { bookingId: 1, userId: 'slow' });
  await services.publish('booking.confirmed', { bookingId: 2, userId: 'slow' });
  probe.send('5');
  while (early.length + probe.messages.length < 3) await sleep(10);
  const bodies = [...early, ...probe.messages].map((packet) => JSON.parse(packet.slice(2))[1]);
  assert.deepEqual(bodies.map(({ bookingId }) => bookingId), [0, 1, 2]);
  // The polling transport is over: its sid belongs to the WebSocket now.
  const late = await polling.pollRaw();
  assert.equal(late.status, 400);
  assert.deepEqual(late.json(), { code: 3, message: 'Bad request' });
  probe.send('424["typing",{}]');
  probe.messages.length = 0;
  assert.match(await probe.next(), /^434\[/);
  probe.close();
});
