// After a long outage of a broker the gateway is back soon: who is refused asks often.
//
// Runs alone: programs must be ready again within 2 s.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startBrokers } from './support/brokers.mjs';
import { gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';
import { sleep, until } from './support/wait.mjs';

const LONG_MS = 8000; // by then a wait that doubles without end is one of 5 s

const brokers = await startBrokers();
const { edge, relay } = await gateway({ brokers });

const isReady = async (process) => (await request(`${process.opsUrl}/ready`)).status === 200;

async function heal(t, broker, processes, rounds) {
  const times = [];
  for (let round = 0; round < rounds; round++) {
    await broker.kill();
    await sleep(LONG_MS + 700 * round);
    await broker.start(); // returns when it answers
    const began = performance.now();
    for (const process of processes) await until('readiness', () => isReady(process));
    times.push(Math.round(performance.now() - began));
  }
  t.diagnostic(`ready after ${times.join(', ')} ms`);
  assert.ok(Math.max(...times) < 2000, `${times.join(', ')} ms`);
}

test('Redis is back', (t) => heal(t, brokers.redis, [edge, relay], 2));

test('RabbitMQ is back', (t) => heal(t, brokers.rabbitmq, [relay], 1));
