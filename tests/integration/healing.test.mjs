// After a long outage of a broker the gateway is back soon: who is refused asks often.
//
// Runs alone: programs must be ready again within 2 s.
import { test } from 'node:test';
import { startBrokers } from './support/brokers.mjs';
import { gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';
import { assertOnceWithin, timeUntil } from './support/limits.mjs';
import { sleep } from './support/wait.mjs';

const LONG_MS = 8000; // by then a wait that doubles without end is one of 5 s

const brokers = await startBrokers();
const { edge, relay } = await gateway({ brokers });

const isReady = async (process) => (await request(`${process.opsUrl}/ready`)).status === 200;

async function heal(t, broker, processes, rounds) {
  const times = [];
  for (let round = 0; round < rounds; round++) {
    times.push(...await assertOnceWithin(2000, async () => {
      await broker.kill();
      await sleep(LONG_MS + 700 * round);
      await broker.start(); // returns when it answers
      return timeUntil('readiness', async () =>
        (await Promise.all(processes.map(isReady))).every(Boolean));
    }));
  }
  t.diagnostic(`ready after ${times.join(', ')} ms`);
}

test('Redis is back', (t) => heal(t, brokers.redis, [edge, relay], 2));

test('RabbitMQ is back', (t) => heal(t, brokers.rabbitmq, [relay], 1));
