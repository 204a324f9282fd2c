// SIGTERM: an edge lets its clients go, spread over time, and they find another one.
//
// Runs alone: ends and pauses are told apart by a second.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from './support/clients.mjs';
import { pollingUrl } from './support/engineio.mjs';
import { gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';
import { assertOnceWithin, timeUntil } from './support/limits.mjs';
import { until, within } from './support/wait.mjs';

const SECONDS = 2;

const made = await gateway({ env: { DRAIN_SECONDS: String(SECONDS), SHARE_PORT: 'true' } });
const { edge, services } = made;

const comesBack = { reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 200 };

test('a port that is taken stops the start, unless all who listen there share it', async () => {
  const second = await made.addEdge({ SHARE_PORT: 'false' }, edge.port);
  assert.deepEqual(await within('its end', second.child.exited), { code: 1, signal: null });
  assert.match(second.log,
    new RegExp(`cannot listen what=.*client port.* port=${edge.port} .*PORT.*SHARE_PORT=true`));
  assert.equal((await request(pollingUrl(edge.url))).status, 200);
});

// A drain of one of two edges that share a port; returns how long it took.
async function drainTwin(t) {
  const twin = await made.addEdge({}, edge.port);
  await twin.ready();
  const clients = await Promise.all(Array.from({ length: 30 }, (_, i) =>
    connect(t, edge, { userId: `u${i}`, ...comesBack })));
  const metric = async (of) => of.metric('ws_edge_sockets');
  await until('all clients', async () => (await metric(edge)) + (await metric(twin)) === 30);
  const moving = await metric(twin);
  assert.ok(moving > 0, 'the kernel gave the second listener no connection');

  const times = [];
  for (const client of clients) {
    client.socket.on('disconnect', (reason) => times.push({ at: Date.now(), reason }));
  }
  const began = Date.now();
  twin.child.signal('SIGTERM');
  await until('not ready', async () => (await request(`${twin.opsUrl}/ready`)).status === 503);
  // From now on whoever comes is served by the edge that stays.
  while (twin.child.running) {
    assert.equal((await request(pollingUrl(edge.url))).status, 200);
  }
  const took = Date.now() - began;
  await twin.stop();

  await until('everybody back', () => clients.every((client) => client.socket.connected));
  assert.equal(times.length, moving, 'only the clients of the drained edge had to move');
  assert.ok(times.every(({ reason }) => reason === 'transport close'));
  await until('all clients at one edge', async () => (await metric(edge)) === 30);
  assert.deepEqual(twin.child.status, { code: 0, signal: null });
  await services.publish('booking.confirmed', { bookingId: 'b1', userId: 'u0' });
  assert.equal((await clients[0].next('booking_update')).bookingId, 'b1');
  for (const client of clients) client.close();
  await until('all clients to be gone', async () => (await metric(edge)) === 0);
  const spread = times.at(-1).at - times[0].at;
  t.diagnostic(`${took} ms, closed within ${spread} ms`);
  return spread > SECONDS * 1000 * 0.4 ? took : Infinity; // all at once is as bad as too late
}

test('two edges share one port, and the clients of one move to the other', (t) =>
  assertOnceWithin((SECONDS + 3) * 1000, () => drainTwin(t)));

test('not ready at once, no new clients, live to the end, exit code 0', (t) =>
  assertOnceWithin(1000, async () => {
    const leaving = await made.addEdge({ DRAIN_SECONDS: '6' });
    await leaving.ready();
    // Of several clients the last one goes at the end of the drain.
    const clients = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((userId) =>
      connect(t, leaving, { userId })));
    leaving.child.signal('SIGTERM');
    const ms = await timeUntil('not ready', async () =>
      (await request(`${leaving.opsUrl}/ready`)).status === 503);
    assert.equal((await request(`${leaving.opsUrl}/live`)).status, 200);
    const status = await request(pollingUrl(leaving.url)).then((answer) => answer.status, () => 0);
    assert.ok([0, 503].includes(status), `a handshake got ${status}`);
    assert.deepEqual(await leaving.child.exited, { code: 0, signal: null });
    await until('the end of each', () => clients.every(({ disconnects }) => disconnects.length > 0));
    for (const client of clients) assert.deepEqual(client.disconnects, ['transport close']);
    return ms;
  }));

test('messages reach a client until its turn has come', async (t) => {
  const leaving = await made.addEdge({ DRAIN_SECONDS: '12' });
  await leaving.ready();
  const clients = await Promise.all(['a', 'b', 'c', 'd'].map((userId) =>
    connect(t, leaving, { userId })));
  for (const client of clients) await client.join('conversation', 'drain');
  leaving.child.signal('SIGTERM');
  await until('the first that goes', () => clients.some((client) => client.disconnects.length));
  const left = clients.filter((client) => client.socket.connected);
  assert.ok(left.length > 0, 'all went at once');
  await services.publish('message.sent', { conversationId: 'drain', message: 'still here' });
  assert.equal((await left.at(-1).next('new_message')).message, 'still here');
  leaving.child.signal('SIGTERM'); // enough
  await leaving.child.exited;
});

test('clients that poll are let go as well', async (t) => {
  const leaving = await made.addEdge();
  await leaving.ready();
  const client = await connect(t, leaving, { userId: 'u1', transports: ['polling'] });
  await leaving.stop();
  await until('the end', () => client.disconnects.length > 0);
  assert.match(client.disconnects[0], /^transport (close|error)$/);
});

test('without clients it ends at once', () => assertOnceWithin(1500, async () => {
  const leaving = await made.addEdge();
  await leaving.ready();
  const began = Date.now();
  await leaving.stop();
  return Date.now() - began;
}));

test('SIGINT does the same', async (t) => {
  const leaving = await made.addEdge();
  await leaving.ready();
  const client = await connect(t, leaving, { userId: 'u1' });
  assert.deepEqual(await leaving.child.stop('SIGINT'), { code: 0, signal: null });
  await until('the end', () => client.disconnects.length > 0);
});

test('a second SIGTERM ends it at once', (t) => assertOnceWithin(2000, async () => {
  const leaving = await made.addEdge({ DRAIN_SECONDS: '60' });
  await leaving.ready();
  await connect(t, leaving, { userId: 'u1' });
  await connect(t, leaving, { userId: 'u2' });
  leaving.child.signal('SIGTERM');
  await until('not ready', async () =>
    (await request(`${leaving.opsUrl}/ready`)).status === 503);
  const began = Date.now();
  leaving.child.signal('SIGTERM');
  await leaving.child.exited;
  return Date.now() - began;
}));
