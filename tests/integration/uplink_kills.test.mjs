// Whatever dies while clients tell services things: what was acked arrives, at least once and in
// order for each user.
// Begins early: RabbitMQ takes a while to start.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startBrokers } from './support/brokers.mjs';
import { gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';
import { command } from './support/redis.mjs';
import { Fleet, drive, driver, fileWith, publish } from './support/uplink.mjs';
import { until } from './support/wait.mjs';

const brokers = await startBrokers(); // they are stopped with the gateway
const fleet = await Fleet.declare(brokers);
const env = { GATEWAY_FILE: await fileWith({ step: { ...publish('client.step'), perSecond: 100 } }) };
const made = await gateway({ brokers, edges: 2, relays: 2, env });

const redis = (...args) => command(brokers.redis.port, args);
const isEmpty = async () => await redis('XLEN', 'ws:uplink') === 0;
const activeRelay = () => until('an active relay', async () => {
  for (const relay of made.relays)
    if (relay.child.running && await relay.metric('ws_relay_active') === 1) return relay;
  return undefined;
});

let users = 0;

// Two users of two edges send while `disturb` is at work, and for a while after it.
async function sendThrough(t, disturb) {
  const names = [`u${users++}`, `u${users++}`];
  const reconnecting = { reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 200 };
  const clients = await Promise.all(names.map((name, i) =>
    driver(t, made.edges[i], name, reconnecting)));
  let reached = 0, over;
  const sending = clients.map((client) => drive(client, 'step', (number) => {
    reached = Math.max(reached, number);
    return over !== undefined && number >= over;
  }));
  await until('events on their way', () => reached > 30);
  await disturb();
  over = reached + 30;
  const counts = await Promise.all(sending);
  await fleet.listen();
  for (const [i, name] of names.entries())
    await until(`all of ${name}`, () => fleet.numbers(name).includes(counts[i] - 1), 60_000);
  await until('an empty stream', isEmpty, 60_000);
  for (const [i, name] of names.entries()) {
    // A number that was refused without need, or whose ack was lost, comes a second time.
    const numbers = fleet.numbers(name);
    const first = numbers.filter((number, at) => numbers.indexOf(number) === at);
    assert.deepEqual(first, Array.from({ length: counts[i] }, (_, number) => number));
  }
}

test('a relay is killed, and the other one takes over', async (t) => {
  await sendThrough(t, async () => {
    const relay = await activeRelay();
    await relay.kill();
    await relay.start();
    await activeRelay();
  });
});

test('a relay is frozen, and goes on beside the one that has taken over', async (t) => {
  await sendThrough(t, async () => {
    const frozen = await activeRelay();
    process.kill(frozen.child.pid, 'SIGSTOP');
    try {
      await until('another one', async () => {
        const other = made.relays.find((relay) => relay !== frozen);
        return await other.metric('ws_relay_active') === 1;
      }, 60_000);
    } finally {
      process.kill(frozen.child.pid, 'SIGCONT');
    }
  });
});

test('an edge is killed', async (t) => {
  await sendThrough(t, async () => {
    await made.edge.kill();
    await made.edge.start();
    await made.edge.ready();
  });
});

test('Redis is killed, and comes back with what it had written', async (t) => {
  await sendThrough(t, async () => {
    await brokers.redis.kill();
    await brokers.redis.start();
    await Promise.all(made.edges.map((edge) => edge.ready()));
    await activeRelay();
  });
});

test('RabbitMQ is killed: the stream takes what is sent meanwhile', async (t) => {
  await sendThrough(t, async () => {
    await brokers.rabbitmq.kill();
    await until('entries that wait', async () => await redis('XLEN', 'ws:uplink') > 20);
    for (const { opsUrl } of made.edges) assert.equal((await request(`${opsUrl}/ready`)).status, 200);
    await brokers.rabbitmq.start();
  });
});

test('a relay stops while RabbitMQ is frozen', async (t) => {
  const client = await driver(t, made.edge, 'frozen');
  const relay = await activeRelay();
  const answer = () => client.socket.timeout(5000).emitWithAck('step', 0);
  process.kill(brokers.rabbitmq.child.pid, 'SIGSTOP');
  try {
    assert.deepEqual(await answer(), { success: true });
    await relay.stop();
    assert.equal(await isEmpty(), false);
  } finally {
    process.kill(brokers.rabbitmq.child.pid, 'SIGCONT');
  }
  await relay.start();
  await fleet.listen();
  await until('the event', () => fleet.numbers('frozen').length === 1, 60_000);
  await until('an empty stream', isEmpty, 60_000);
});
