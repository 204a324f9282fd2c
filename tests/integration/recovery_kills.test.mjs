// Clients join rooms, and their edge is killed by `kill -9` in the moment in which one of them hears
// that it is in. What an edge tells Redis takes a while, so a join that was acked first would be lost.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gateway } from './support/gateway.mjs';
import { Line } from './support/line.mjs';
import { RedisLine } from './support/redis_line.mjs';
import { Traveller } from './support/traveller.mjs';
import { Random } from '../chaos/random.mjs';

const CLIENTS = 50;
const KILLS = 20; // so 1000 clients lose their edge
const JOINS = 6; // of each client in each round, one after the other
const TO_REDIS_MS = 8;
const SEED = Number(process.env.SEED ?? 11);

const made = await gateway({ edges: 0, env: { MAX_EVENTS_PER_SECOND: '0' } });

async function distantEdge(t) {
  const redis = await RedisLine.to(t, made.brokers.redis.port);
  redis.hold(TO_REDIS_MS);
  const edge = await made.addEdge({ REDIS_PORT: String(redis.port) });
  await edge.ready();
  return edge;
}

const roomOf = (round, i) => ({ roomType: 'conversation', roomId: `${round}-${i}` });

// Returns the rooms that were acked; `onAck` is called in the moment of each.
function joinSome(traveller, round, onAck) {
  const acked = [];
  const next = () => {
    const room = roomOf(round, acked.length);
    traveller.socket.emit('join_room', room, ({ success }) => {
      if (!success) return;
      acked.push(room);
      onAck();
      if (acked.length < JOINS) next();
    });
  };
  next();
  return acked;
}

test(`killed right behind the ack, 1000 clients, seed ${SEED}`, async (t) => {
  const random = new Random(SEED);
  const edges = [await distantEdge(t), await distantEdge(t)];
  const travellers = await Promise.all(Array.from({ length: CLIENTS }, async (_, i) =>
    Traveller.connect(t, await Line.to(t, edges[0]), { userId: `u${i}` })));
  let joined = 0;
  for (let round = 0; round < KILLS; round++) {
    const [from, to] = [edges[round % 2], edges[(round + 1) % 2]];
    for (const { line } of travellers) line.let(to);
    let left = random.between(1, CLIENTS * (JOINS - 1));
    const acked = travellers.map((traveller) => joinSome(traveller, round, () => {
      left -= 1;
      if (left === 0) from.child.signal('SIGKILL');
    }));
    await from.child.exited;
    await Promise.all(travellers.map((traveller) => traveller.back(round + 1, 20_000)));
    await Promise.all(travellers.map(async (traveller, i) => {
      assert.equal(traveller.last.recovered, true);
      for (const room of acked[i]) {
        assert.deepEqual(await traveller.ack('typing', room), { success: true }, `round ${round}`);
        await traveller.ack('leave_room', room);
      }
    }));
    joined += acked.reduce((sum, { length }) => sum + length, 0);
    await from.start();
    await from.ready();
  }
  t.diagnostic(`${joined} joins were acked`);
  assert.ok(joined > CLIENTS * KILLS);
});
