// Events for several rooms at once: each client gets them once, also after a recovery.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { assertNumbered } from './support/asserts.mjs';
import { connect, newConversation } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { Line } from './support/line.mjs';
import { Traveller } from './support/traveller.mjs';
import { until } from './support/wait.mjs';

const dir = await mkdtemp(join(tmpdir(), 'rooms-'));
after(() => rm(dir, { recursive: true, force: true }));
const routes = join(dir, 'routes.json');
await writeFile(routes, JSON.stringify({
  routes: [
    { routingKey: 'order.updated', event: 'order_update', fields: ['n'],
      room: 'conversation:{room}', rooms: ['conversation:{second}', 'user:{watchers[]}'] },
    { routingKey: 'service.notice', event: 'notice', fields: ['n'], room: '*' },
    { routingKey: 'order.closed', event: 'order_closed', fields: ['n'],
      rooms: ['user:{buyer}', '*'] },
  ],
}));

// With several shards a further room may be of another shard than the event.
const { edges: [here, there], services } = await gateway({
  edges: 2, env: { BUS_SHARDS: '3' }, relayEnv: { EVENT_ROUTES_FILE: routes },
});
const further = ['order_update'];

const update = (body) => services.publish('order.updated', body);
const heard = (client) => client.all('order_update').map(({ n }) => n);

async function hears(client, ...expected) {
  await until(`${expected.length} events`, () => heard(client).length >= expected.length);
  assert.deepEqual(heard(client), expected);
}

test('members of any of the rooms get it once, at both edges', async (t) => {
  const room = newConversation();
  const both = await connect(t, here, { userId: 'both', further });
  await both.join('conversation', room.id);
  const member = await connect(t, there, { userId: 'member', further });
  await member.join('conversation', room.id);
  const watcher = await connect(t, there, { userId: 'watcher', further });
  const stranger = await connect(t, here, { userId: 'stranger', further });

  await update({ room: room.id, watchers: ['both', 'watcher', 'nobody', 'both'], n: 1 });
  await update({ room: room.id, watchers: [], n: 2 });
  await update({ watchers: ['stranger', null, 'watcher'], n: 3 });
  await hears(stranger, 3);
  await update({ room: room.id, watchers: ['both', 'watcher', 'stranger'], n: 4 });
  await hears(both, 1, 2, 4);
  await hears(member, 1, 2, 4);
  await hears(stranger, 3, 4);
  // The third event has another first room: its place among the others is not promised.
  await until('all events', () => heard(watcher).length === 3);
  assert.deepEqual(heard(watcher).sort(), [1, 3, 4]);
});

test('in order for every member, whichever further rooms each event has', async (t) => {
  const room = newConversation();
  const member = await connect(t, here, { userId: 'm1', further });
  await member.join('conversation', room.id);
  const watcher = await connect(t, there, { userId: 'w1', further });
  const EVENTS = 300;
  await Promise.all(Array.from({ length: EVENTS }, (_, n) =>
    update({ room: room.id, watchers: [`x${n % 7}`, 'w1', n % 3 ? 'm1' : 'y'], n })));
  for (const client of [member, watcher]) {
    await until('all events', () => heard(client).length >= EVENTS);
    assertNumbered(heard(client), EVENTS);
  }
});

test('one that has too many rooms, or none, is a dead letter', async (t) => {
  const user = await connect(t, here, { userId: 'u1', further });
  for (const [body, reason] of [
    [{ watchers: Array.from({ length: 1001 }, (_, i) => `many${i}`) },
      'the event has more than 1000 rooms'],
    [{ watchers: [] }, 'the room id is missing'],
    [{ watchers: 'u1' }, 'the member for several room ids is no list'],
    [{ watchers: ['u1', { id: 'u2' }] },
      'the room id is no text or integer, too long, or has control characters'],
  ]) {
    await update(body);
    assert.equal((await services.deadLetter()).headers['x-reason'], reason);
  }
  const crowd = Array.from({ length: 999 }, (_, i) => `many${i}`);
  await update({ watchers: [...crowd, 'u1'], n: 1 });
  await hears(user, 1);
});

async function travel(t, options) {
  const line = await Line.to(t, here);
  return Traveller.connect(t, line, { further, ...options });
}

test('what was missed comes once, with its rooms in any shard', async (t) => {
  const [room, second] = [newConversation(), newConversation()];
  const traveller = await travel(t, { userId: 'traveller' });
  await traveller.join('conversation', room.id);
  await traveller.join('conversation', second.id);
  const witness = await connect(t, there, { userId: 'witness', further });
  await update({ room: room.id, n: 1 });
  await hears(traveller, 1);
  const { id } = traveller;
  const back = await traveller.away(async () => {
    const watchers = ['traveller', 'witness'];
    await update({ room: room.id, second: second.id, watchers, n: 2 });
    await update({ room: room.id, watchers: ['witness'], n: 3 });
    await update({ room: room.id, second: second.id, watchers: ['witness'], n: 4 });
    await update({ room: room.id, watchers, n: 5 });
    await hears(witness, 2, 3, 4, 5);
  }, { edge: there });
  assert.deepEqual(back, { id, recovered: true });
  await update({ room: room.id, second: second.id, watchers: ['traveller'], n: 6 });
  await hears(traveller, 1, 2, 3, 4, 5, 6);
});

test('what a room got by the way before it was joined does not come', async (t) => {
  const room = newConversation();
  const witness = await connect(t, here, { userId: 'w3', further });
  await witness.join('conversation', room.id);
  const traveller = await travel(t, { userId: 'late' });
  // Events of all shards by their first rooms, while the traveller has no newer offset.
  const first = Array.from({ length: 12 }, () => newConversation().id);
  for (const [n, id] of first.entries()) await update({ room: id, second: room.id, n });
  await until('the witness to hear it', () => heard(witness).length === first.length);
  await traveller.join('conversation', room.id);
  const back = await traveller.away(async () => {
    for (const [n, id] of first.entries()) await update({ room: id, second: room.id, n: 100 + n });
    await until('the witness to hear it', () => heard(witness).length === 2 * first.length);
  }, { edge: there });
  assert.equal(back.recovered, true);
  await until('all that was missed', () => heard(traveller).length >= first.length);
  assert.deepEqual(heard(traveller).sort((a, b) => a - b), first.map((_, n) => 100 + n));
});

// ---- every client

const notices = (client) => client.all('notice').map(({ n }) => n);
const all = { further: ['notice', 'order_closed'] };

test('everybody at both edges, once and in order, whatever else they are in', async (t) => {
  const clients = [];
  for (const edge of [here, there])
    for (const userId of ['e1', 'e2']) clients.push(await connect(t, edge, { userId, ...all }));
  for (let n = 0; n < 20; n++) await services.publish('service.notice', { n });
  await services.publish('order.closed', { n: 1, buyer: 'e1' });
  await services.publish('order.closed', { n: 2 });
  for (const client of clients) {
    await until('all notices', () => notices(client).length >= 20);
    assertNumbered(notices(client), 20);
    await until('both', () => client.all('order_closed').length >= 2);
    // The first room says in which shard they are.
    assert.deepEqual(client.all('order_closed').map(({ n }) => n).sort(), [1, 2]);
  }
});

test('a body does not make an event one for everybody', async (t) => {
  const client = await connect(t, here, { userId: 'e3', ...all });
  await services.publish('order.updated', { room: '*', n: 1 }); // conversation:*
  await services.publish('service.notice', { n: 1 });
  await until('the notice', () => notices(client).length === 1);
  assert.deepEqual(heard(client), []);
  assert.deepEqual(await client.ack('join_room', { roomType: '*', roomId: '*' }),
    { error: 'Invalid roomType' });
});

test('who was away gets what everybody got, once, and goes on', async (t) => {
  const watcher = await connect(t, here, { userId: 'e4', ...all });
  const line = await Line.to(t, here);
  const traveller = await Traveller.connect(t, line, { userId: 'e5', ...all });
  await services.publish('service.notice', { n: 1 });
  await until('the first', () => notices(traveller).length === 1);
  const back = await traveller.away(async () => {
    await services.publish('service.notice', { n: 2 });
    await services.publish('order.closed', { n: 1, buyer: 'e5' });
    await services.publish('service.notice', { n: 3 });
    await until('the watcher to have all', () =>
      notices(watcher).length === 3 && watcher.all('order_closed').length === 1);
  }, { edge: there });
  assert.equal(back.recovered, true);
  await until('what was missed', () => notices(traveller).length === 3);
  assert.deepEqual(notices(traveller), [1, 2, 3]);
  assert.equal(traveller.all('order_closed').length, 1);
  await services.publish('service.notice', { n: 4 });
  await until('the next', () => notices(traveller).length === 4);
});
