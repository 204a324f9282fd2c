// Events that act: a service takes a user out of a room, lets it into one, or disconnects it, by
// publishing.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { connect, newConversation } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { Line } from './support/line.mjs';
import { Traveller, say, sayUntilHeard } from './support/traveller.mjs';
import { until } from './support/wait.mjs';

const dir = await mkdtemp(join(tmpdir(), 'actions-'));
after(() => rm(dir, { recursive: true, force: true }));
const routes = join(dir, 'routes.json');
await writeFile(routes, JSON.stringify({
  routes: [
    { routingKey: 'conversation.member_removed',
      leave: { user: '{userId}', room: 'conversation:{conversationId}' },
      room: 'conversation:{conversationId}', event: 'member_removed', fields: ['userId'] },
    { routingKey: 'conversation.member_added',
      join: { user: '{userId}', room: 'conversation:{conversationId}' },
      room: 'conversation:{conversationId}', event: 'member_added', fields: ['userId'] },
    { routingKey: 'user.blocked', disconnect: { user: '{userId}' } },
  ],
}));
const { edges: [here, there], services } = await gateway({
  edges: 2, relayEnv: { EVENT_ROUTES_FILE: routes },
});
const further = ['member_removed', 'member_added'];

const add = (userId, room) =>
  services.publish('conversation.member_added', { userId, conversationId: room.id });

const remove = (userId, room) =>
  services.publish('conversation.member_removed', { userId, conversationId: room.id });

// Waits until the client has heard of the removal.
const told = (client, userId) => until('the removal', () =>
  client.all('member_removed').some((body) => body.userId === userId));

async function member(t, edge, room, userId) {
  const client = await connect(t, edge, { userId, further });
  await client.join('conversation', room.id);
  return client;
}

const said = (client) => client.all('new_message').map(({ message }) => message);

test('a removed member hears of it and nothing more, at both edges', async (t) => {
  const room = newConversation();
  const watcher = await member(t, here, room, 'watcher');
  const sockets = [await member(t, here, room, 'u1'), await member(t, there, room, 'u1')];
  await say(services, room, 1);
  await remove('u1', room);
  for (const socket of sockets) await told(socket, 'u1');
  await until('both to have left', () => watcher.all('user_left').length === 2);
  await sayUntilHeard(services, watcher, room, 2);
  await sayUntilHeard(services, watcher, room, 3);
  assert.deepEqual(said(watcher), [1, 2, 3]);
  for (const socket of sockets) {
    // An event for the user itself comes behind all that the room had.
    await services.publish('booking.confirmed', { bookingId: 'b', userId: 'u1' });
    await socket.next('booking_update');
    assert.deepEqual(said(socket), [1]);
    assert.deepEqual(await socket.ack('typing', room.which), { error: 'Not in room' });
  }
  await sockets[0].join('conversation', room.id);
  await sayUntilHeard(services, sockets[0], room, 4);
  assert.deepEqual(said(sockets[0]), [1, 4]);
});

test('a member that is removed twice, one that is nowhere, and another room', async (t) => {
  const [room, other] = [newConversation(), newConversation()];
  const watcher = await member(t, there, room, 'watcher');
  const client = await member(t, here, room, 'u2');
  await client.join('conversation', other.id);
  await remove('nobody', room);
  await remove('u2', room);
  await remove('u2', room);
  await until('the removals', () => watcher.all('member_removed').length === 3);
  await sayUntilHeard(services, watcher, room, 1);
  await sayUntilHeard(services, client, other, 2);
  assert.deepEqual(said(client), [2]);
});

test('a blocked user is disconnected at both edges, and nobody else', async (t) => {
  const sockets = [await connect(t, here, { userId: 'u3' }), await connect(t, there, { userId: 'u3' })];
  const other = await connect(t, here, { userId: 'u4' });
  await services.publish('user.blocked', { userId: 'u3' });
  await until('both to be gone', () => sockets.every((client) => client.disconnects.length === 1));
  assert.deepEqual(sockets.map(({ disconnects }) => disconnects),
    [['io server disconnect'], ['io server disconnect']]);
  assert.ok(other.socket.connected);
  const again = await connect(t, here, { userId: 'u3' });
  assert.ok(again.socket.connected);
});

test('an action without its user is a dead letter', async () => {
  await services.publish('user.blocked', { userId: '' });
  assert.equal((await services.deadLetter()).headers['x-reason'], 'the room id is missing');
});

async function travel(t, userId, room) {
  const line = await Line.to(t, here);
  const traveller = await Traveller.connect(t, line, { userId, further });
  await traveller.join('conversation', room.id);
  return traveller;
}

for (const [where, edge] of [['the same edge', here], ['another edge', there]]) {
  test(`removed while away: what was said until then comes at ${where}`, async (t) => {
    const [room, other] = [newConversation(), newConversation()];
    const userId = `away-${room.id}`;
    const watcher = await member(t, there, room, 'watcher');
    await watcher.join('conversation', other.id);
    const traveller = await travel(t, userId, room);
    await traveller.join('conversation', other.id);
    await sayUntilHeard(services, watcher, room, 1);
    await traveller.heard([1]);
    const back = await traveller.away(async () => {
      await sayUntilHeard(services, watcher, room, 2);
      await remove(userId, room);
      await told(watcher, userId);
      await sayUntilHeard(services, watcher, room, 3);
      await sayUntilHeard(services, watcher, other, 4);
    }, { edge });
    assert.equal(back.recovered, true);
    await traveller.heard([1, 2, 4]);
    assert.equal(traveller.all('member_removed').length, 1);
    assert.deepEqual(await traveller.ack('typing', room.which), { error: 'Not in room' });
    // It stays out of the room, and in the other one, at the next recovery.
    const next = await traveller.away(async () => {
      await sayUntilHeard(services, watcher, room, 5);
      await sayUntilHeard(services, watcher, other, 6);
    }, { edge: edge === here ? there : here });
    assert.equal(next.recovered, true);
    await traveller.heard([1, 2, 4, 6]);
  });
}

test('blocked while away: not recovered', async (t) => {
  const room = newConversation();
  const watcher = await connect(t, there, { userId: 'witness' });
  const traveller = await travel(t, 'blocked', room);
  const back = await traveller.away(async () => {
    await services.publish('user.blocked', { userId: 'blocked' });
    // The witness is disconnected by a later event of the same queue.
    await services.publish('user.blocked', { userId: 'witness' });
    await until('the witness to be gone', () => !watcher.socket.connected);
  }, { edge: there });
  assert.equal(back.recovered, false);
  assert.deepEqual(await traveller.ack('typing', room.which), { error: 'Not in room' });
});

test('a member that is added is in the room at both edges, and hears of it', async (t) => {
  const room = newConversation();
  const watcher = await member(t, here, room, 'watcher');
  const sockets = [];
  for (const edge of [here, there]) sockets.push(await connect(t, edge, { userId: 'u5', further }));
  await sayUntilHeard(services, watcher, room, 1);
  await add('u5', room);
  for (const socket of sockets) assert.equal((await socket.next('member_added')).userId, 'u5');
  await until('both to have joined', () => watcher.all('user_joined').length === 2);
  await sayUntilHeard(services, watcher, room, 2);
  for (const socket of sockets) {
    await until('what was said since', () => said(socket).includes(2));
    assert.deepEqual(said(socket), [2]);
    assert.deepEqual(await socket.ack('typing', room.which), { success: true });
  }
  // To add it again does nothing.
  await add('u5', room);
  for (const socket of sockets) await socket.next('member_added');
  await sayUntilHeard(services, watcher, room, 3);
  for (const socket of sockets) await until('the next', () => said(socket).includes(3));
  assert.equal(watcher.all('user_joined').length, 2);
});

test('a room that was entered by an action is recovered, and left for good', async (t) => {
  const room = newConversation();
  const watcher = await member(t, there, room, 'watcher');
  const line = await Line.to(t, here);
  const traveller = await Traveller.connect(t, line, { userId: `added-${room.id}`, further });
  await add(`added-${room.id}`, room);
  await traveller.next('member_added');
  const back = await traveller.away(() => sayUntilHeard(services, watcher, room, 1), { edge: there });
  assert.equal(back.recovered, true);
  await traveller.heard([1]);
  assert.equal((await traveller.ack('leave_room', room.which)).success, true);
  const next = await traveller.away(() => sayUntilHeard(services, watcher, room, 2), { edge: here });
  assert.equal(next.recovered, true);
  assert.deepEqual(await traveller.ack('typing', room.which), { error: 'Not in room' });
  await traveller.heard([1]);
});

for (const [where, edge] of [['the same edge', here], ['another edge', there]]) {
  test(`taken out and let in while away: what was said between does not come at ${where}`, async (t) => {
    const [room, fresh] = [newConversation(), newConversation()];
    const userId = `again-${room.id}`;
    const watcher = await member(t, there, room, 'watcher');
    await watcher.join('conversation', fresh.id);
    const traveller = await travel(t, userId, room);
    const added = (which) => until('the addition', () =>
      watcher.all('member_added').length === which);
    const back = await traveller.away(async () => {
      await sayUntilHeard(services, watcher, room, 1);
      await remove(userId, room);
      await told(watcher, userId);
      await sayUntilHeard(services, watcher, room, 2);
      await sayUntilHeard(services, watcher, fresh, 3);
      await add(userId, room);
      await added(1);
      await add(userId, fresh);
      await added(2);
      await sayUntilHeard(services, watcher, room, 4);
      await sayUntilHeard(services, watcher, fresh, 5);
    }, { edge });
    assert.equal(back.recovered, true);
    await traveller.heard([1, 4, 5]);
    assert.equal(traveller.all('member_added').length, 2);
    await sayUntilHeard(services, watcher, fresh, 6);
    await traveller.heard([1, 4, 5, 6]);
    const next = await traveller.away(() => sayUntilHeard(services, watcher, fresh, 7),
      { edge: edge === here ? there : here });
    assert.equal(next.recovered, true);
    await traveller.heard([1, 4, 5, 6, 7]);
  });
}
