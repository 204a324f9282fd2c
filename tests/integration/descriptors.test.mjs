// An edge whose file descriptors are used up: it lets nobody in for as long, says so, and goes on
// with everything else.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { connect as dial } from 'node:net';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { assertNumbered } from './support/asserts.mjs';
import { client, connect } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';
import { command } from './support/redis.mjs';
import { sleep, until } from './support/wait.mjs';

const MAX_CONNECTIONS = 12;
const ENOUGH_FREE = 8; // free descriptors, with which an edge goes on accepting
const made = await gateway({ env: { MAX_CONNECTIONS: String(MAX_CONNECTIONS) } });
const { edge, services, brokers } = made;

const run = promisify(execFile);
const NO_FILES = 'accepting is paused: out of file descriptors';
const FULL = 'accepting is paused: as many connections as allowed are open';

const openFiles = async () =>
  (await readdir(`/proc/${edge.child.pid}/fd`)).map(Number).sort((a, b) => a - b);

// The limit of the running edge; only its soft one, so that it can be raised again.
const limitFiles = (count) =>
  run('prlimit', ['--pid', String(edge.child.pid), `--nofile=${count}:`]);

async function softLimit() {
  const limits = await readFile(`/proc/${edge.child.pid}/limits`, 'utf8');
  return Number(/Max open files\s+(\d+)/.exec(limits)[1]);
}

async function cpuSeconds() {
  const stat = await readFile(`/proc/${edge.child.pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

const ready = async () => {
  const { status, body } = await request(`${edge.opsUrl}/ready`,
    { signal: AbortSignal.timeout(2000) });
  return status === 200 ? 'ok' : body.trim();
};

const untilReadyIs = (words) => until(`readiness "${words}"`, async () =>
  (await ready()) === words);

// Those that the edge holds in reserve.
async function reserve() {
  const numbers = await openFiles();
  const targets = await Promise.all(numbers.map((number) =>
    readlink(`/proc/${edge.child.pid}/fd/${number}`).catch(() => 'closed')));
  return numbers.filter((number, i) => number > 2 && targets[i] === '/dev/null');
}

// A limit right above the reserve, so that what the edge releases can be had again. Whoever was
// there before the reserve and has left since leaves numbers below it free: too few to go on with.
async function useUp() {
  const held = await until('a reserve', async () => {
    const numbers = await reserve();
    return numbers.length >= ENOUGH_FREE && numbers;
  });
  const taken = new Set(await openFiles());
  let limit = Math.max(...held) + 1;
  while (taken.has(limit)) limit++;
  const free = Array.from({ length: limit }, (_, number) => number)
    .filter((number) => !taken.has(number));
  assert.ok(free.length < ENOUGH_FREE, `${free} are free below ${limit}`);
  await limitFiles(limit);
  await untilReadyIs(NO_FILES);
}

test('descriptors are used up: a pause, and nothing else', async (t) => {
  const usual = await softLimit();
  t.after(() => limitFiles(usual));
  await untilReadyIs('ok');
  const one = await connect(t, edge, { userId: 'one' });
  const two = await connect(t, edge, { userId: 'two' });
  await one.join('conversation', 'pause');
  await two.join('conversation', 'pause');
  const before = (await openFiles()).length;
  const pauses = await edge.metric('ws_edge_accept_paused_total');

  await useUp();
  assert.equal(await edge.metric('ws_edge_accept_paused'), 1);
  assert.equal(await edge.metric('ws_edge_accept_paused_total'), pauses + 1);
  const late = client(t, edge, { userId: 'late' });

  await t.test('events arrive', async () => {
    for (let message = 0; message < 500; message++) {
      const published = services.publish('message.sent', { conversationId: 'pause', message });
      if (message % 20 === 0) await published;
    }
    for (const member of [one, two]) {
      await until('all messages', () => member.all('new_message').length >= 500);
      assertNumbered(member.all('new_message').map(({ message }) => message), 500);
    }
    assert.deepEqual(await one.ack('typing', { roomType: 'conversation', roomId: 'pause' }),
      { success: true });
    assert.equal((await two.next('user_typing')).userId, 'one');
  });

  await t.test('the edge sleeps', async () => {
    const began = await cpuSeconds();
    await sleep(3000);
    const spent = await cpuSeconds() - began;
    assert.ok(spent < 0.2, `${spent} s of CPU in 3 s`);
    assert.equal(late.socket.connected, false);
  });

  await t.test('the operations port answers ten at once', async () => {
    const asks = Array.from({ length: 10 }, () => request(`${edge.opsUrl}/live`));
    for (const { status } of await Promise.all(asks)) assert.equal(status, 200);
  });

  await t.test('the connection to Redis is made again', async () => {
    const connects = await edge.metric('ws_edge_redis_connects_total');
    await command(brokers.redis.port, ['CLIENT', 'KILL', 'TYPE', 'pubsub']);
    await command(brokers.redis.port, ['CLIENT', 'KILL', 'TYPE', 'normal']);
    await until('Redis', async () =>
      (await edge.metric('ws_edge_redis_connects_total')) > connects &&
      (await edge.metric('ws_edge_following')) === 1);
    await services.publish('message.sent', { conversationId: 'pause', message: 'back' });
    await until('a message', () => one.all('new_message').length > 500);
    assert.equal(one.all('new_message')[500].message, 'back');
  });

  await limitFiles(usual);
  await untilReadyIs('ok');
  await until('the client that waited', () => late.socket.connected);
  assert.equal(await edge.metric('ws_edge_accept_paused'), 0);
  assert.deepEqual([...one.disconnects, ...two.disconnects], []);
  late.close();
  await until('as many descriptors as before', async () =>
    (await openFiles()).length <= before);
});

test('each pause is in the log once', async () => {
  await edge.logs(/accepting goes on/);
  const lines = edge.logLines().filter(({ module }) => module === 'acceptor')
    .map(({ message }) => message).filter((message) => message.startsWith('accepting'));
  assert.match(lines[0], /^accepting pauses reason="out of file descriptors; /);
  assert.deepEqual(lines.slice(1), ['accepting goes on']);
});

test('MAX_CONNECTIONS are open: not ready until one leaves', async (t) => {
  await untilReadyIs('ok');
  await until('an empty edge', async () => (await edge.metric('ws_edge_connections')) === 0);
  const crowd = Array.from({ length: MAX_CONNECTIONS }, () => {
    const socket = dial(edge.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('GET /health HTTP/1.1\r\nHost: h\r\n\r\n');
    return socket;
  });
  t.after(() => crowd.forEach((socket) => socket.destroy()));
  await untilReadyIs(FULL);
  const waits = request(`${edge.url}/health`); // in the kernel's backlog
  crowd.pop().destroy();
  assert.equal((await waits).status, 200);
  await untilReadyIs('ok');
});

test('a drain during a pause ends well', async () => {
  await until('an empty edge', async () => (await edge.metric('ws_edge_connections')) === 0);
  await useUp();
  await edge.stop();
});
