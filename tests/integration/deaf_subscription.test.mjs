// An edge whose subscription breaks in TCP, or dies without a word, hears again by itself.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connect } from './support/clients.mjs';
import { assertAllArrived, assertFlowSurvives, publishFlow } from './support/flow.mjs';
import { gateway } from './support/gateway.mjs';
import { assertOnceWithin, timeUntil } from './support/limits.mjs';
import { sleep } from './support/wait.mjs';
import { Wire, subscriptions } from './support/wire.mjs';

const made = await gateway({ edges: 0 });
const wire = await Wire.to(made.brokers.redis.port);
after(() => wire.close());
const edge = await made.addEdge({ REDIS_PORT: String(wire.port) });
await made.ready();

const connects = () => edge.metric('ws_edge_redis_connects_total');

async function breakWhile(t, name, breakIt, ms) {
  const rooms = [];
  await assertOnceWithin(ms, async () => {
    const before = await connects();
    const room = `${name}-${rooms.push(name)}`;
    let noticed;
    const client = await assertFlowSurvives(t, { edge, brokers: made.brokers }, room, () => {
      assert.equal(breakIt(), 1, 'connections that were broken');
      noticed = timeUntil('a new connection', async () => (await connects()) > before);
      noticed.catch(() => {}); // it is judged once all have arrived
    });
    assert.deepEqual(client.disconnects, []);
    return noticed;
  });
}

test('reset in mid-flow: noticed at once; all, once, in order', (t) =>
  breakWhile(t, 'reset', () => wire.reset(subscriptions), 2000));

test('reset while nothing is said: noticed at once', async (t) => {
  const client = await connect(t, edge, { userId: 'u1' });
  await client.join('conversation', 'quiet');
  await assertOnceWithin(2000, async () => {
    await edge.ready();
    const before = await connects();
    assert.equal(wire.reset(subscriptions), 1);
    return timeUntil('a new connection', async () => (await connects()) > before);
  });
  await publishFlow(made.brokers, { room: 'quiet', count: 10 });
  await assertAllArrived([client], 10);
});

test('the connection for commands is reset: noticed at once; all, once, in order', (t) =>
  breakWhile(t, 'commands', () => wire.reset((pair) => !pair.subscribes), 2000));

test('silent in mid-flow while TCP acknowledges: left within 8 s; all, once, in order', (t) =>
  breakWhile(t, 'silent', () => wire.mute(subscriptions), 8000));

test('without a relay nothing is said, and the edge stays connected', async () => {
  await made.relay.stop();
  const before = await connects();
  await sleep(9000); // longer than the silence that is not borne
  assert.equal(await connects(), before);
});
