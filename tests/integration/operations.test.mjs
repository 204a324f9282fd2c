// docs/operations.md: the rights that it gives to the gateway at Redis and RabbitMQ are enough,
// and no more. The commands are those of the page (its blocks `bash`).
// Begins early: RabbitMQ takes a while to start.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import amqp from 'amqplib';
import { startBrokers } from './support/brokers.mjs';
import { run } from './support/child.mjs';
import { connect } from './support/clients.mjs';
import { brokerSettings, built, gateway } from './support/gateway.mjs';
import { until } from './support/wait.mjs';

const page = readFileSync(fileURLToPath(new URL('../../docs/operations.md', import.meta.url)), 'utf8');
const commands = [...page.matchAll(/```bash\n(.*?)```/gs)]
  .flatMap(([, text]) => text.trim().split('\n'));

const brokers = await startBrokers();
const made = await gateway({ brokers, edges: 0, relays: 0 });
const bin = join(brokers.dir, 'bin');

// Programs of these names reach the private brokers.
async function wrap(name, line) {
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, name), `#!/bin/sh\n${line}\n`);
  await chmod(join(bin, name), 0o755);
}

await wrap('redis-cli', `exec /usr/bin/redis-cli -e -p ${brokers.redis.port} "$@"`);
await wrap('rabbitmqctl', `${brokers.rabbitmq.environment} exec /usr/lib/rabbitmq/bin/rabbitmqctl "$@"`);

async function type(line) {
  const { code, stdout, stderr } = await run('bash', ['-c', line],
    { env: { PATH: `${bin}:${process.env.PATH}` }, ms: 60_000 });
  assert.equal(code, 0, `${line}: ${stdout}${stderr}`);
}

const rights = {
  REDIS_USERNAME: 'gateway', REDIS_PASSWORD: 'change-me',
  RABBITMQ_USER: 'gateway', RABBITMQ_PASSWORD: 'change-me',
};
const operator = { RABBITMQ_USER: 'gateway-operator', RABBITMQ_PASSWORD: 'change-me-too' };
const tool = (name, args, env) =>
  run(built(name), args, { env: { ...brokerSettings(brokers), ...env } });

test('the commands of the page', async () => {
  assert.equal(commands.length, 5);
  for (const line of commands) await type(line);
});

test('with these rights the gateway works', async (t) => {
  for (let i = 0; i < 2; i++) await made.addRelay(rights);
  for (let i = 0; i < 2; i++) await made.addEdge(rights);
  await made.ready();
  const [one, other] = await Promise.all(made.edges.map((edge, i) =>
    connect(t, edge, { userId: `u${i}` })));
  for (const client of [one, other]) await client.join('conversation', 'c1');
  await made.services.publish('message.sent', { conversationId: 'c1', message: 'hello' });
  await Promise.all([one, other].map((client) => client.next('new_message')));
  await one.ack('typing', { roomType: 'conversation', roomId: 'c1' });
  await other.next('user_typing');
  for (const { log } of [...made.relays, ...made.edges]) {
    assert.doesNotMatch(log, /NOPERM|ACCESS_REFUSED|access .* refused/i);
  }
});

test('and so do the tools', async (t) => {
  await made.services.publish('message.sent', { message: 'no room' });
  await until('the letter', async () =>
    (await tool('ws-dead-letters', ['list'], operator)).stdout.includes('the room id is missing'));
  const replayed = await tool('ws-dead-letters', ['replay'], operator);
  assert.equal(replayed.code, 0, replayed.stderr);
  const { stdout } = await until('the edges', async () => {
    const listed = await tool('ws-control', ['edges'], rights);
    return listed.stdout.split('\n').length === 3 && listed;
  });
  assert.match(stdout, /"sockets":/);
  await connect(t, made.edges[1], { userId: 'u1' });
  const kicked = await tool('ws-control', ['kick', 'u1'], rights);
  assert.equal(kicked.code, 0, kicked.stderr);
});

test('for more they are not enough', async () => {
  const cli = (...args) => run(join(bin, 'redis-cli'), ['--user', 'gateway', '-a', 'change-me', '--no-auth-warning', ...args]);
  for (const words of [['FLUSHALL'], ['CONFIG', 'GET', '*'], ['KEYS', '*'], ['GET', 'other'],
    ['PUBLISH', 'other', 'x'], ['HSET', 'other', 'a', 'b']]) {
    const { stdout, stderr } = await cli(...words);
    assert.match(stdout + stderr, /NOPERM/, words.join(' '));
  }
  const connection = await amqp.connect(
    brokers.rabbitmq.url.replace('guest:guest', 'gateway:change-me'));
  connection.on('error', () => {});
  for (const refused of [(channel) => channel.assertQueue('other', { durable: true }),
    (channel) => channel.deleteExchange('amq.topic')]) {
    const channel = await connection.createChannel();
    channel.on('error', () => {});
    await assert.rejects(refused(channel), /ACCESS_REFUSED|403/);
  }
  await connection.close();
});
