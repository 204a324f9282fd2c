// Edges and relay over a bus of several shards, in a database of its own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNumbered } from './support/asserts.mjs';
import { connect } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { command } from './support/redis.mjs';
import { until } from './support/wait.mjs';

const DATABASE = 5;
const SHARDS = 4;

const made = await gateway({
  edges: 2, env: { BUS_SHARDS: String(SHARDS), REDIS_DB: String(DATABASE) },
});
const { edges: [here, there], services, brokers } = made;

// What HGETALL answers, as an object.
const fromPairs = (pairs) => Object.fromEntries(
  Array.from({ length: pairs.length / 2 }, (_, i) => [pairs[2 * i], pairs[2 * i + 1]]));

const ROOMS = 12; // enough for every shard to have some

test('100 messages to each of 12 rooms: all, once, in order within the room', async (t) => {
  const members = [
    await connect(t, here, { userId: 'u1' }),
    await connect(t, there, { userId: 'u2' }),
  ];
  for (const member of members) {
    for (let room = 0; room < ROOMS; room++) await member.join('conversation', `r${room}`);
  }
  const published = [];
  for (let number = 0; number < 100; number++) {
    for (let room = 0; room < ROOMS; room++) {
      published.push(services.publish('message.sent',
        { conversationId: `r${room}`, message: number }));
    }
  }
  await Promise.all(published);
  for (const member of members) {
    await until('all messages', () => member.all('new_message').length >= 100 * ROOMS);
    for (let room = 0; room < ROOMS; room++) {
      assertNumbered(member.all('new_message')
        .filter(({ conversationId }) => conversationId === `r${room}`)
        .map(({ message }) => message), 100);
    }
  }
});

test('all shards are in use, and every key begins with ws:', async () => {
  const keys = await command(brokers.redis.port, ['KEYS', '*'], DATABASE);
  assert.deepEqual(keys.filter((key) => !key.startsWith('ws:')), []);
  const logs = keys.filter((key) => key.startsWith('ws:log:')).sort();
  assert.deepEqual(logs, Array.from({ length: SHARDS }, (_, shard) => `ws:log:{${shard}}`));
  assert.equal(await command(brokers.redis.port, ['DBSIZE'], 1), 0);
});

test('what clients say to one another crosses every shard', async (t) => {
  const one = await connect(t, here, { userId: 'u1' });
  const two = await connect(t, there, { userId: 'u2' });
  for (let room = 0; room < ROOMS; room++) {
    const which = { roomType: 'conversation', roomId: `t${room}` };
    await two.ack('join_room', which);
    await one.ack('join_room', which);
    assert.equal((await two.next('user_joined')).room, `conversation:t${room}`);
    await one.ack('typing', which);
    assert.equal((await two.next('user_typing')).room, `conversation:t${room}`);
  }
});

test('an edge that is added later takes part at once', async (t) => {
  const third = await made.addEdge();
  await third.ready();
  const one = await connect(t, here, { userId: 'u1' });
  const late = await connect(t, third, { userId: 'u3' });
  await one.join('conversation', 'late');
  await late.join('conversation', 'late');
  assert.equal((await one.next('user_joined')).userId, 'u3');
  await services.publish('message.sent', { conversationId: 'late', message: 'hello' });
  assert.equal((await late.next('new_message')).message, 'hello');
});

test('each edge says in Redis that it is alive, and what it holds', async (t) => {
  const one = await connect(t, here, { userId: 'u1' });
  await one.join('conversation', 'counted');
  const told = async () => {
    const keys = await command(brokers.redis.port, ['KEYS', 'ws:edges:*'], DATABASE);
    return Promise.all(keys.map(async (key) => {
      const pairs = await command(brokers.redis.port, ['HGETALL', key], DATABASE);
      const ttl = await command(brokers.redis.port, ['TTL', key], DATABASE);
      return { ...fromPairs(pairs), ttl };
    }));
  };
  await until('two rooms of one socket', async () =>
    (await told()).some(({ sockets, rooms }) => sockets === '1' && rooms === '2'));
  const edges = await until('a word of each edge', async () => {
    const all = await told();
    return all.length === made.edges.length && all;
  });
  for (const { ttl, at_ms: at } of edges) {
    assert.ok(ttl > 0 && ttl <= 15, `it expires in ${ttl} s`);
    assert.ok(Math.abs(Date.now() - Number(at)) < 10_000, `its time is ${at}`);
  }
});
