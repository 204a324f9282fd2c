// Sentinels say where Redis is; after a failover the programs find the new primary there.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startBrokers } from './support/brokers.mjs';
import { run } from './support/child.mjs';
import { connect, newConversation } from './support/clients.mjs';
import { assertFlowSurvives } from './support/flow.mjs';
import { built, gateway } from './support/gateway.mjs';
import { freePort } from './support/ports.mjs';
import { Redis, command } from './support/redis.mjs';
import { MASTER, Sentinels, replicate } from './support/sentinel.mjs';
import { until } from './support/wait.mjs';

const PASSWORD = 'of-the-sentinels';

const brokers = await startBrokers(['redis']);
const replica = await Redis.start(join(brokers.dir, 'replica'));
await replicate(replica, brokers.redis.port);
const sentinels = await Sentinels.start(join(brokers.dir, 'sentinels'), brokers.redis.port, PASSWORD);
after(async () => {
  await sentinels.stop();
  await replica.stop();
});
const made = await gateway({ brokers, edges: 0, relays: 0 });

// A Sentinel that names the replica, as one does that has not heard of a failover.
const liar = createServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    if (bytes.includes('AUTH')) socket.write('+OK\r\n');
    if (bytes.includes('SENTINEL')) {
      socket.write(`*2\r\n$9\r\n127.0.0.1\r\n$5\r\n${replica.port}\r\n`);
    }
  });
});
await new Promise((resolve) => { liar.listen(0, '127.0.0.1', resolve); });
after(() => liar.close());

const settings = (more) => ({
  REDIS_HOST: '', REDIS_PORT: '', REDIS_SENTINELS: sentinels.list, REDIS_MASTER_NAME: MASTER,
  REDIS_SENTINEL_PASSWORD: PASSWORD, ...more,
});

async function arrives(t, edge) {
  const room = newConversation();
  const client = await connect(t, edge, { userId: 'u1' });
  await client.join('conversation', room.id);
  await made.services.publish('message.sent', { conversationId: room.id, message: 'here' });
  assert.equal((await client.next('new_message')).message, 'here');
}

test('a Sentinel that is away and one that is wrong are passed over', async (t) => {
  const nobody = await freePort();
  const list = `127.0.0.1:${nobody}, 127.0.0.1:${liar.address().port},${sentinels.list}`;
  const [relay, edge] = [await made.addRelay(settings({ REDIS_SENTINELS: list })),
    await made.addEdge(settings({ REDIS_SENTINELS: list }))];
  await Promise.all([relay.ready(), edge.ready()]);
  await arrives(t, edge);
  for (const process of [relay, edge]) {
    assert.match(process.log, /Connection refused|connection refused/);
    assert.match(process.log, /this server is no primary/);
    assert.match(process.log, new RegExp(`connected to Redis.*host=127.0.0.1 port=${brokers.redis.port}`));
    assert.ok(!process.log.includes(PASSWORD));
    await process.stop();
  }
});

for (const [name, more, line] of [
  ['a name that they do not know', { REDIS_MASTER_NAME: 'other' }, /no primary with the name of REDIS_MASTER_NAME/],
  ['a wrong password', { REDIS_SENTINEL_PASSWORD: 'not-this' }, /a Sentinel: WRONGPASS .*REDIS_SENTINEL_PASSWORD/],
  ['no password', { REDIS_SENTINEL_PASSWORD: '' }, /a Sentinel: NOAUTH .*REDIS_SENTINEL_PASSWORD/],
]) {
  test(`${name} is told`, async () => {
    const processes = [await made.addRelay(settings(more)), await made.addEdge(settings(more))];
    for (const process of processes) {
      await until('a line about it', () => line.test(process.log));
      assert.ok(!process.log.includes('not-this'));
      await process.stop();
    }
    const { code, stderr } = await run(built('ws-control'), ['edges'], { env: settings(more) });
    assert.equal(code, 1);
    assert.match(stderr, /REDIS_MASTER_NAME/);
  });
}

// Ends the primary in the midst of messages, which go on meanwhile. What was published before that is
// with the replica: without REDIS_WAIT_REPLICAS it may be lost.
async function assertFailoverSurvived(t, edge, from, to) {
  const number = async (redis, name) => Number(
    new RegExp(`${name}:(\\d+)`).exec(await command(redis.port, ['INFO', 'replication']))[1]);
  const room = newConversation().id;
  const logged = async () => Number(await command(from.port, ['XLEN', 'ws:log:{0}']));
  const before = await logged();
  await assertFlowSurvives(t, { edge, brokers }, room, async () => {
    await until('what was published to be logged', async () => (await logged()) === before + 200);
    await until('it to be replicated', async () =>
      (await number(to, 'slave_repl_offset')) >= (await number(from, 'master_repl_offset')));
    await from.kill();
  });
  assert.equal(await sentinels.primary(), to.port);
}

test('two primaries share the shards: each is asked for by its name', async (t) => {
  const other = await Redis.start(join(brokers.dir, 'other'));
  t.after(() => other.stop());
  await sentinels.watch('boats', other.port);
  const both = settings({ REDIS_MASTER_NAME: `${MASTER}, boats`, BUS_SHARDS: '2' });
  const [relay, edge] = [await made.addRelay(both), await made.addEdge(both)];
  await Promise.all([relay.ready(), edge.ready()]);
  for (let i = 0; i < 8; i++) await arrives(t, edge); // in as many rooms
  for (const [port, shard] of [[brokers.redis.port, 0], [other.port, 1]]) {
    assert.ok(await command(port, ['XLEN', `ws:log:{${shard}}`]) > 0);
    assert.equal(await command(port, ['EXISTS', `ws:log:{${1 - shard}}`]), 0);
  }
  await other.kill();
  await Promise.all([relay, edge].map((process) => process.logs(/unavailable.*Redis boats/)));
  await Promise.all([edge.stop(), relay.stop()]);
});

test('the primary dies under load: each event arrives once and in order', async (t) => {
  const relay = await made.addRelay(settings());
  const edge = await made.addEdge(settings());
  await Promise.all([relay.ready(), edge.ready()]);
  await assertFailoverSurvived(t, edge, brokers.redis, replica);
  await Promise.all([relay.ready(), edge.ready()]);
  const { code, stdout, stderr } = await run(built('ws-control'), ['edges'], { env: settings() });
  assert.equal(code, 0, stderr);
  assert.equal(stdout.trim().split('\n').length, 1);
});
