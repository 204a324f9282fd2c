// What Redis answers with an error: what is about the connection ends it, what is about a command
// does not.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connect, newConversation } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { assertOnceWithin, timeUntil } from './support/limits.mjs';
import { sleep, until } from './support/wait.mjs';
import { Wire } from './support/wire.mjs';

const made = await gateway({ edges: 0, relays: 0 });
const wires = [await Wire.to(made.brokers.redis.port), await Wire.to(made.brokers.redis.port)];
after(() => wires.forEach((wire) => wire.close()));
const env = (wire, more) => ({ REDIS_PORT: String(wire.port), ...more });
const edge = await made.addEdge(env(wires[0], { REDIS_PASSWORD: 'that nobody asked for' }));
const relay = await made.addRelay(env(wires[1], { REDIS_PASSWORD: 'that nobody asked for' }));
await made.ready();

const ENDS = ['READONLY You can\'t write against a read only replica.',
  'LOADING Redis is loading the dataset in memory', 'NOAUTH Authentication required.',
  'MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to \'no\'.'];
const GOES_ON = ['OOM command not allowed when used memory > \'maxmemory\'.',
  'MISCONF Redis is configured to save RDB snapshots, but it is currently unable to.',
  'BUSY Redis is busy running a script.', 'NOREPLICAS Not enough good replicas to write.',
  'NOPERM this user has no permissions to run this command', 'ERR something else'];

const programs = [
  ['edge', edge, wires[0], () => edge.metric('ws_edge_redis_connects_total')],
  ['relay', relay, wires[1], () => relay.metric('ws_relay_redis_outages_total')],
];

for (const [name, process, wire, connects] of programs) {
  test(`${name}: a password that nobody wants is told, and no reason to stay away`, async () => {
    await process.logs(/REDIS_PASSWORD is set, but Redis wants none/);
  });

  for (const error of ENDS) {
    test(`${name}: ${error.split(' ')[0]} ends the connection`, async () => {
      await assertOnceWithin(3000, async () => {
        const before = await connects();
        await wire.forge(`-${error}\r\n`);
        const ms = await timeUntil('a new connection', async () => (await connects()) > before);
        await made.ready();
        return ms;
      });
    });
  }

  for (const error of GOES_ON) {
    test(`${name}: ${error.split(' ')[0]} does not`, async () => {
      const before = await connects();
      await wire.forge(`-${error}\r\n`);
      await until('a line about it', () => process.log.includes(error.slice(0, 20)));
      await sleep(300);
      assert.equal(await connects(), before);
      await process.ready(); // a relay whose write it was asks each second
    });
  }
}

test('afterwards events arrive', async (t) => {
  const client = await connect(t, edge, { userId: 'u1' });
  const room = newConversation();
  await client.join('conversation', room.id);
  await made.services.publish('message.sent', { conversationId: room.id, message: 'after' });
  await client.next('new_message');
});
