// Several shards, of which one comes late to one of the edges: an offset is a cut through all of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { Line } from './support/line.mjs';
import { RedisLine } from './support/redis_line.mjs';
import { Traveller, say } from './support/traveller.mjs';
import { sleep, until } from './support/wait.mjs';
import { Random } from '../chaos/random.mjs';

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
    await until('the next connection', () => traveller.connects.length > count);
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
    await until('everything', whole);
    for (const [room, messages] of byRoom(traveller, rooms)) {
      assert.deepEqual(messages, Array.from({ length: said }, (_, i) => i), room);
    }
    assert.ok(traveller.connects.slice(1).every(({ recovered }) => recovered));
  }
});

// All clients are at one edge, which is killed at any moment; they go on at the other one.
test('edges are killed at any moment, 500 times for a client', async (t) => {
  const [clients, kills] = [25, 20];
  const random = new Random(7);
  const rooms = roomsOf('kill').slice(0, 2 * SHARDS);
  const edges = [await lagging(t), await made.addEdge()];
  await edges[1].ready();
  const travellers = await Promise.all(Array.from({ length: clients }, async (_, i) => {
    const traveller = await Traveller.connect(t, await Line.to(t, edges[0]), { userId: `hunted${i}` });
    for (const { id } of rooms) await traveller.join('conversation', id);
    return traveller;
  }));
  let said = 0;
  let over = false;
  const flow = (async () => {
    for (; !over; said++) {
      await Promise.all(rooms.map((room) => say(services, room, said)));
      await sleep(40);
    }
  })();
  for (let kill = 0; kill < kills; kill++) {
    const [from, to] = [edges[kill % 2], edges[(kill + 1) % 2]];
    await sleep(random.between(20, 300));
    for (const { line } of travellers) line.let(to);
    await from.kill();
    await Promise.all(travellers.map((traveller) => traveller.back(kill + 1, 20_000)));
    await from.start();
    await from.ready();
  }
  over = true;
  await flow;
  for (const traveller of travellers) {
    const heard = () => byRoom(traveller, rooms);
    await until('everything', () => [...heard().values()].every((all) => all.at(-1) === said - 1));
    for (const [room, messages] of heard()) {
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
  const number = '[W-Z_a-z~]*[0-9A-V]';
  const shard = `(${number}|\\.${number}${number})`;
  assert.match(traveller.received.at(-1).args[1], new RegExp(`^[\\w~]{8,18}\\.${shard}{4}$`));
});
