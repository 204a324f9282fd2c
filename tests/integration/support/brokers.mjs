// The brokers of a test file: those that the runner started for the whole run, made empty, or
// private ones for tests that kill them.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import amqp from 'amqplib';
import { RabbitMq } from './rabbitmq.mjs';
import { Redis, command } from './redis.mjs';
import { Hopeless } from './wait.mjs';

export const QUEUES = ['websocket.message.sent', 'websocket.booking.confirmed',
  'websocket.notification.created'];
export const DEAD_LETTERS = 'websocket.dead-letter';

function address(name) {
  const port = Number(process.env[name]);
  if (!port) throw new Error(`${name} is not set: start the tests with tests/integration/run.mjs`);
  return port;
}

// Where the shared brokers are, as the settings of the gateway's programs.
export function sharedBrokers() {
  const rabbitPort = address('TEST_RABBITMQ_PORT');
  return {
    redis: { port: address('TEST_REDIS_PORT') },
    rabbitmq: { port: rabbitPort, url: `amqp://guest:guest@127.0.0.1:${rabbitPort}` },
  };
}

// Starts brokers of one's own; one that is not among `kinds` is the shared one. `args` are further
// arguments of redis-server.
export async function startBrokers(kinds = ['redis', 'rabbitmq'], args = []) {
  const dir = await mkdtemp(join(tmpdir(), 'gateway-brokers-'));
  const own = {};
  const start = async (kind, type, ...more) => {
    for (let tries = 1; kinds.includes(kind) && !own[kind]; tries++) {
      try {
        own[kind] = await type.start(join(dir, `${kind}-${tries}`), ...more);
      } catch (error) {
        if (!(error instanceof Hopeless) || tries === 3) throw error; // else a port of it was taken
      }
    }
  };
  const stop = async () => {
    await Promise.all(Object.values(own).map((broker) => broker.stop()));
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await Promise.all([start('redis', Redis, args), start('rabbitmq', RabbitMq)]);
    return { ...(kinds.length < 2 ? sharedBrokers() : {}), ...own, dir, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

// What an earlier test file left behind goes away.
export async function emptyBrokers(brokers) {
  await command(brokers.redis.port, ['FLUSHALL']);
  const connection = await amqp.connect(brokers.rabbitmq.url);
  const channel = await connection.createChannel();
  for (const queue of [...QUEUES, DEAD_LETTERS]) await channel.deleteQueue(queue);
  await connection.close();
}
