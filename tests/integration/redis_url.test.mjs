// REDIS_URL says where Redis is and who one is, in both programs and in ws-control.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startBrokers } from './support/brokers.mjs';
import { run } from './support/child.mjs';
import { connect, newConversation } from './support/clients.mjs';
import { built, gateway } from './support/gateway.mjs';
import { command } from './support/redis.mjs';
import { until } from './support/wait.mjs';

const PASSWORD = 'p@ss/#%: ';
const USER = `gate:way:${encodeURIComponent(PASSWORD)}`.replace('gate:', 'gate%3A');
const socket = join(tmpdir(), `redis-url-${process.pid}.sock`); // its path must be short

const brokers = await startBrokers(['redis'],
  ['--bind', '127.0.0.1', '::1', '--unixsocket', socket]);
const made = await gateway({ brokers, edges: 0, relays: 0 });
const { port } = brokers.redis;
await command(port, ['ACL', 'SETUSER', 'gate:way', 'on', `>${PASSWORD}`, '~*', '&*', '+@all']);

const NONE = { REDIS_HOST: '', REDIS_PORT: '' };
const cases = [
  ['a user and a database', { REDIS_URL: `redis://${USER}@127.0.0.1:${port}/2` }, 2],
  ['an address of IPv6', { REDIS_URL: `redis://${USER}@[::1]:${port}/3` }, 3],
  ['the password and the database apart', { REDIS_URL: `redis://gate%3Away@localhost:${port}`,
    REDIS_PASSWORD: PASSWORD, REDIS_DB: '4' }, 4],
  ['a socket', { REDIS_URL: `unix://${socket}` }, 1],
  ['a socket, a user and a database', { REDIS_URL: `unix://${USER}@${socket}?db=5` }, 5],
];

for (const [name, env, database] of cases) {
  test(name, async (t) => {
    const relay = await made.addRelay({ ...NONE, ...env });
    const edge = await made.addEdge({ ...NONE, ...env });
    await Promise.all([relay.ready(), edge.ready()]);
    const room = newConversation();
    const client = await connect(t, edge, { userId: 'u1' });
    await client.join('conversation', room.id);
    await made.services.publish('message.sent', { conversationId: room.id, message: name });
    assert.equal((await client.next('new_message')).message, name);
    assert.equal(await command(port, ['EXISTS', 'ws:log:{0}'], database), 1);
    const listed = await run(built('ws-control'), ['edges'], { env });
    assert.equal(listed.code, 0, listed.stderr);
    for (const process of [relay, edge]) {
      for (const secret of [PASSWORD, encodeURIComponent(PASSWORD)]) {
        assert.ok(!process.log.includes(secret), process.log);
      }
      const words = await readFile(`/proc/${process.child.process.pid}/cmdline`, 'latin1');
      assert.ok(!words.includes(encodeURIComponent(PASSWORD)));
      await process.stop();
    }
  });
}

test('a socket that is not there is told, and tried again', async () => {
  const env = { ...NONE, REDIS_URL: `unix://${socket}.later` };
  const processes = [await made.addRelay(env), await made.addEdge(env)];
  for (const process of processes) {
    await until('a line about it', () => /No such file or directory.*REDIS_URL/i.test(process.log));
    await process.stop();
  }
});
