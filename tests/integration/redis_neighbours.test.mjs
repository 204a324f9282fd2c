// Two gateways on one Redis do not hear one another, if their databases or their prefixes differ:
// Redis does not separate channels by database.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { run } from './support/child.mjs';
import { connect, newConversation } from './support/clients.mjs';
import { brokerSettings, built, gateway } from './support/gateway.mjs';
import { command } from './support/redis.mjs';

const made = await gateway({ edges: 0, relays: 0 });
const port = made.brokers.redis.port;
const control = (env, ...args) =>
  run(built('ws-control'), args, { env: { ...brokerSettings(made.brokers), ...env } });

// A relay and two edges. Each gateway has queues of its own, so that both get every event.
async function start(env) {
  const relay = await made.addRelay(env);
  const edges = [await made.addEdge(env), await made.addEdge(env)];
  await Promise.all([relay, ...edges].map((process) => process.ready()));
  return { env, edges, processes: [...edges, relay] };
}

const neighbours = [
  ['the default database and another', {}, { REDIS_DB: '2' }],
  ['a prefix and none', { REDIS_DB: '3' }, { REDIS_DB: '3', REDIS_KEY_PREFIX: 'eu.' }],
  ['two prefixes', { REDIS_DB: '4', REDIS_KEY_PREFIX: 'eu.' }, { REDIS_DB: '4', REDIS_KEY_PREFIX: 'us.' }],
];

for (const [name, one, other] of neighbours) {
  describe(name, () => {
    const both = [];

    test('start', async () => {
      for (const [i, env] of [one, other].entries()) {
        both.push(await start({ ...env, QUEUE_PREFIX: `q${i}-${neighbours.findIndex(([n]) => n === name)}.` }));
      }
    });

    test('clients of one hear nothing of the other, and each event once', async (t) => {
      const room = newConversation();
      const pairs = [];
      for (const [i, { edges }] of both.entries()) {
        const pair = await Promise.all(edges.map((edge, n) =>
          connect(t, edge, { userId: `user-${i}-${n}` })));
        for (const client of pair) await client.join('conversation', room.id);
        pairs.push(pair);
      }
      await made.services.publish('message.sent', { conversationId: room.id, message: 'to both' });
      for (const [i, [writes, hears]] of pairs.entries()) {
        await Promise.all([writes.next('new_message'), hears.next('new_message')]);
        await writes.ack('typing', room.which);
        assert.equal((await hears.next('user_typing')).userId, `user-${i}-0`);
      }
      await made.services.publish('message.sent', { conversationId: room.id, message: 'again' });
      for (const client of pairs.flat()) {
        await client.next('new_message');
        assert.deepEqual(client.all('new_message').map(({ message }) => message), ['to both', 'again']);
        assert.ok(client.all('user_typing').length < 2);
      }
    });

    test('a kick is for one of them, and so is the list of edges', async (t) => {
      const kicked = await connect(t, both[0].edges[0], { userId: 'u1' });
      const stays = await connect(t, both[1].edges[0], { userId: 'u1' });
      const { code, stderr } = await control(both[0].env, 'kick', 'u1');
      assert.equal(code, 0, stderr);
      assert.match(stderr, /told 2 edges: .*, 1 in all/);
      assert.equal((await stays.ack('join_room', newConversation().which)).success, true);
      assert.deepEqual(stays.disconnects, []);
      assert.equal(kicked.disconnects.length, 1);
      for (const { env } of both) {
        const { stdout } = await control(env, 'edges');
        assert.equal(stdout.trim().split('\n').length, 2, stdout);
      }
    });

    test('every key has the prefix', async () => {
      const keys = await command(port, ['KEYS', '*'], Number(other.REDIS_DB));
      const prefixes = [one, other].filter(({ REDIS_DB }) => REDIS_DB === other.REDIS_DB)
        .map(({ REDIS_KEY_PREFIX: prefix = '' }) => `${prefix}ws:`);
      assert.ok(keys.length > 4, keys.join());
      for (const key of keys) assert.ok(prefixes.some((prefix) => key.startsWith(prefix)), key);
      for (const prefix of prefixes) assert.ok(keys.includes(`${prefix}log:{0}`), keys.join());
    });

    test('stop', async () => {
      for (const process of both.flatMap(({ processes }) => processes)) await process.stop();
    });
  });
}
