// Redis did what the relay asked for, but its answer got lost: nothing may be done twice.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connect } from './support/clients.mjs';
import { assertAllArrived, numbersOf, publishFlow } from './support/flow.mjs';
import { gateway } from './support/gateway.mjs';
import { command } from './support/redis.mjs';
import { until } from './support/wait.mjs';
import { Wire } from './support/wire.mjs';

const made = await gateway({ relays: 0, edges: 0 });
const wire = await Wire.to(made.brokers.redis.port);
after(() => wire.close());
const relay = await made.addRelay({ REDIS_PORT: String(wire.port) });
const edge = await made.addEdge();
await made.ready();

const COUNT = 600;

test('ten answers are lost in mid-flow: all messages, once, in order', async (t) => {
  const client = await connect(t, edge, { userId: 'u1' });
  await client.join('conversation', 'answers');
  const logged = () => command(made.brokers.redis.port, ['XLEN', 'ws:log:{0}']);
  let lost = 0;
  let losing;
  await publishFlow(made.brokers, {
    room: 'answers',
    count: COUNT,
    disturb: async (number) => {
      if (number === 0 || number % 50 !== 0) return;
      await losing;
      await until('messages in flight', () => numbersOf(client).length > 0);
      // Only an answer to something that is in the log by then leaves the relay in doubt.
      const before = await logged();
      losing = (async () => {
        await wire.loseAnswer('conversation:answers');
        if (await logged() > before) lost += 1;
      })();
    },
  });
  await losing;
  await assertAllArrived([client], COUNT);
  assert.equal(await logged(), COUNT);
  assert.ok(lost >= 5, `only ${lost} of the lost answers were about messages`);
  assert.ok(await relay.metric('ws_relay_redis_outages_total') >= 5);
});
