// Several shards, of which one comes late to one of the edges: an offset is a cut through all of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { Line } from './support/line.mjs';
import { RedisLine } from './support/redis_line.mjs';
import { Traveller, say } from './support/traveller.mjs';
import { sleep, until } from './support/wait.mjs';

const SHARDS = 4;
const ROOMS = 12;
const ROUNDS = 11; // two claims each, of the thirty that a session has in a minute
const made = await gateway({ env: { BUS_SHARDS: String(SHARDS) } });
const { edge: quick, services } = made;

const roomsOf = (name) => Array.from({ length: ROOMS }, (_, i) => ({ id: `${name}-${i}` }));

async function lagging(t) {
  const redis = await RedisLine.to(t, made.brokers.redis.port);
  const late = await made.addEdge({ REDIS_PORT: String(redis.port) });
  await late.ready();
  redis.delay('ws:bus:{2}', 300);
  return late;
}

// What each room said, from what the client heard.
function byRoom(client, rooms) {
  const heard = new Map(rooms.map(({ id }) => [id, []]));
  for (const { conversationId, message } of client.all('new_message')) {
    heard.get(conversationId)?.push(message);
  }
  return heard;
}

// Cut after some bytes, cut where it is, back at the other edge, and so on.
async function roam({ traveller, line, phase }, late) {
  for (let round = 0; round < ROUNDS; round++) {
    const count = traveller.connects.length;
    line.let((round + phase) % 2 ? quick : late);
    line.cutAfter(400 + 977 * ((round + 3 * phase) % 7));
    await until('the next connection', () => traveller.connects.length > count, 20_000);
    await sleep(40 + (round * 37 + phase * 61) % 150);
    line.cut();
  }
  line.cutAfter(Infinity);
}

test('connections are cut again and again, at both edges in turn', async (t) => {
  const late = await lagging(t);
  const rooms = roomsOf('cut');
  const roamers = await Promise.all(Array.from({ length: 5 }, async (_, phase) => {
    const line = await Line.to(t, quick);
    const traveller = await Traveller.connect(t, line, { userId: `roamer${phase}` });
    for (const { id } of rooms) await traveller.join('conversation', id);
    return { traveller, line, phase };
  }));
  let said = 0;
  let over = false;
  const flow = (async () => {
    for (; !over; said++) {
      await Promise.all(rooms.map((room) => say(services, room, said)));
      await sleep(10);
    }
  })();
  await Promise.all(roamers.map((roamer) => roam(roamer, late)));
  over = true;
  await flow;
  for (const { traveller } of roamers) {
    const whole = () => [...byRoom(traveller, rooms).values()].every((all) => all.at(-1) === said - 1);
    await until('everything', whole, 20_000);
    for (const [room, messages] of byRoom(traveller, rooms)) {
      assert.deepEqual(messages, Array.from({ length: said }, (_, i) => i), room);
    }
    assert.ok(traveller.connects.slice(1).every(({ recovered }) => recovered));
  }
});

test('an offset has a component for each shard', async (t) => {
  const traveller = await connect(t, quick, { userId: 'u2' });
  await traveller.join('conversation', 'shards');
  await say(services, { id: 'shards' }, 1);
  await traveller.next('new_message');
  assert.match(traveller.received.at(-1).args[1], /^\d+-\d+_[0-9a-z-]+(\.[0-9a-z-]+){3}$/);
});

test('the number of shards was changed while the client was away: afresh', async (t) => {
  const line = await Line.to(t, quick);
  const traveller = await Traveller.connect(t, line, { userId: 'u3' });
  traveller.socket._lastOffset = traveller.socket._lastOffset.replace(/_.*/, '');
  assert.equal((await traveller.away()).recovered, false);
});
