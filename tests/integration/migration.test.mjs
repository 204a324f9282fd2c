// docs/migration.md, done: from a Socket.IO server to the gateway behind one proxy, which is
// configured with the very text of the page.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import amqp from 'amqplib';
import { assertNumbered } from './support/asserts.mjs';
import { QUEUES, sharedBrokers } from './support/brokers.mjs';
import { Child } from './support/child.mjs';
import { connect } from './support/clients.mjs';
import { numbersOf } from './support/flow.mjs';
import { gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';
import { OldGateway } from './support/old_gateway.mjs';
import { freePort } from './support/ports.mjs';
import { sleep, until } from './support/wait.mjs';

const PREFIX = 'gateway.';
const page = readFileSync(fileURLToPath(new URL('../../docs/migration.md', import.meta.url)), 'utf8');
const blocks = (language) =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].map(([, text]) =>
    text.replace(/^ {3}/gm, ''));

const [shiftHalf, shiftAll] = blocks('haproxy-admin');

// The page's HAProxy, on other ports and with its socket in a folder of the test.
class Proxy {
  static async start(oldPort, newPort) {
    const proxy = new Proxy();
    const port = await freePort();
    proxy.dir = await mkdtemp(join(tmpdir(), 'proxy-'));
    proxy.admin = join(proxy.dir, 'admin.sock');
    proxy.url = `http://127.0.0.1:${port}`;
    const [text] = blocks('haproxy');
    await writeFile(join(proxy.dir, 'haproxy.cfg'), text
      .replace('/run/haproxy/admin.sock', proxy.admin)
      .replace('bind :80', `bind 127.0.0.1:${port}`)
      .replace('127.0.0.1:3001', `127.0.0.1:${oldPort}`)
      .replace('127.0.0.1:3002', `127.0.0.1:${newPort}`));
    proxy.child = new Child('haproxy', ['-db', '-f', join(proxy.dir, 'haproxy.cfg')],
      { name: 'haproxy' });
    await until('the proxy and both sides', async () => {
      const checks = await proxy.checks().catch(() => ({}));
      return checks.old === 'UP L7OK' && checks.new === 'UP L7OK';
    });
    return proxy;
  }

  async ask(line) {
    const socket = connectSocket(this.admin);
    socket.end(`${line}\n`);
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    return answer.trim();
  }

  async say(lines) {
    for (const line of lines.trim().split('\n')) {
      assert.equal(await this.ask(line), '', `HAProxy's answer to "${line}"`);
    }
  }

  // What it thinks of its servers: {name: state and result of the last check}.
  async checks() {
    const [head, ...rows] = (await this.ask('show stat gateway 4 -1')).split('\n')
      .map((line) => line.split(','));
    const at = (row, name) => row[head.indexOf(name)];
    return Object.fromEntries(rows.map((row) =>
      [at(row, 'svname'), `${at(row, 'status')} ${at(row, 'check_status')}`]));
  }

  async stop() {
    await this.child.kill();
    await rm(this.dir, { recursive: true, force: true });
  }
}

// What an earlier run of this file left in the broker.
async function deleteQueues(names) {
  const connection = await amqp.connect(sharedBrokers().rabbitmq.url);
  const channel = await connection.createChannel();
  for (const name of names) await channel.deleteQueue(name);
  await connection.close();
}

const newQueues = [...QUEUES.map((name) => name.replace('websocket.', PREFIX)),
  `${PREFIX}dead-letter`];
await deleteQueues(newQueues);
const made = await gateway({ relayEnv: { QUEUE_PREFIX: PREFIX } });
const { edge, services, brokers } = made;
let old = await OldGateway.start(brokers);
const proxy = await Proxy.start(old.port, edge.port);
// Clients outlive the test that they are made in.
const closers = [];
const wholeFile = { after: (close) => closers.push(close) };
after(async () => {
  for (const close of closers) close();
  await proxy.stop();
  await old?.stop();
  await deleteQueues(newQueues);
});

const ROOM = 'flow';
let published = 0;

async function publish(count) {
  for (let i = 0; i < count; i++) {
    await services.publish('message.sent', { conversationId: ROOM, message: published });
    published += 1;
  }
}

const clients = [];
const comesBack = { reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 200 };

const KINDS = [
  { transports: ['websocket'] },
  { transports: ['polling'], withCredentials: true },
  { transports: ['polling'] }, // without cookies, as most clients outside browsers
  { transports: ['polling', 'websocket'] },
];

// A client that joins again whenever it is back, as apps do.
async function arrive(number) {
  const client = await connect(wholeFile, { url: proxy.url },
    { userId: `u${number}`, ...KINDS[number % KINDS.length], judged: false, ...comesBack });
  const enter = async () => {
    await client.join('conversation', ROOM);
    client.joins += 1;
  };
  client.joins = 0;
  await enter();
  client.socket.on('connect', enter);
  client.first = published;
  clients.push(client);
  return client;
}

async function everybodyHasEverything() {
  await until('all messages', () => clients.every((client) =>
    numbersOf(client).length >= published - client.first));
  for (const client of clients) {
    assertNumbered(numbersOf(client).map((number) => number - client.first),
      published - client.first);
  }
}

const sidesOf = async () => ({ old: old?.clients ?? 0, new: await edge.metric('ws_edge_sockets') });

test('all weight on the old side: it has the clients, the new one the same events', async () => {
  for (let i = 0; i < 6; i++) await arrive(i);
  assert.deepEqual(await sidesOf(), { old: 6, new: 0 });
  await publish(20);
  await everybodyHasEverything();
  await until('the relay to have them too', async () =>
    (await made.relay.metric('ws_relay_published_total')) === 20);
});

test('half the weight: new clients are dealt out, all of them get each event once', async () => {
  await proxy.say(shiftHalf);
  for (let i = 6; i < 14; i++) await arrive(i);
  assert.deepEqual(await sidesOf(), { old: 10, new: 4 });
  await publish(50);
  await everybodyHasEverything();
});

test('whatever a client is, it stays at its side, which HAProxy finds well', async () => {
  const HOLDS_MS = 9000; // longer than it takes to find a side that does not answer
  const tried = clients.filter(({ transport }) => transport === 'polling');
  assert.ok(tried.length >= 6, 'clients over polling alone');
  for (const end = Date.now() + HOLDS_MS; Date.now() < end; await sleep(300)) await publish(1);
  await everybodyHasEverything();
  for (const client of clients) assert.deepEqual(client.disconnects, []);
  assert.equal(clients.filter(({ transport }) => transport === 'websocket').length,
    clients.length - tried.length);
  assert.deepEqual(await proxy.checks(), { old: 'UP L7OK', new: 'UP L7OK' });
});

test('typing does not cross from one side to the other', async () => {
  const typing = clients.find(({ socket }) => socket.connected);
  await typing.ack('typing', { roomType: 'conversation', roomId: ROOM });
  await until('those of the same side', () =>
    clients.filter((client) => client.all('user_typing').length === 1).length === 9);
  await sleep(300);
  assert.equal(clients.filter((client) => client.all('user_typing').length > 0).length, 9);
});

test('no weight on the old side: whom it lets go comes to the new one, cookie or not', async () => {
  await proxy.say(shiftAll);
  await publish(10);
  await everybodyHasEverything();
  old.disconnectClients();
  await until('all on the new side', async () => (await edge.metric('ws_edge_sockets')) === 14);
  assert.equal(old.clients, 0);
  await until('those that were let go to be in the room again', () =>
    clients.filter(({ joins }) => joins === 2).length === 10);
  await publish(30);
  await everybodyHasEverything();
});

test('without the old side and its queues everything goes on', async () => {
  await old.stop();
  old = null;
  await deleteQueues(QUEUES);
  await publish(30);
  await everybodyHasEverything();
  assert.equal(await services.waiting(`${PREFIX}message.sent`), 0);
});

test('back and forth while events flow: missing is only what was sent on the way', async () => {
  old = await OldGateway.start(brokers);
  const second = await Proxy.start(old.port, edge.port);
  const client = await connect(wholeFile, { url: second.url },
    { userId: 'u99', judged: false, ...comesBack });
  const sent = [];
  const away = [];
  const rejoin = async () => {
    await client.join('conversation', 'moving');
    if (away.length > 0) away.at(-1).until = Date.now();
  };
  client.socket.on('disconnect', () => away.push({ from: Date.now() }));
  client.socket.on('connect', rejoin);
  await rejoin();
  for (let i = 0; i < 200; i++) {
    if (i === 70) await second.say(shiftAll);
    if (i === 80) old.disconnectClients();
    sent.push(Date.now());
    await services.publish('message.sent', { conversationId: 'moving', message: i });
    await sleep(5);
  }
  await until('the last one', () => numbersOf(client).includes(199));
  assert.equal(away.length, 1);
  await second.stop();
  const got = numbersOf(client);
  assert.deepEqual(got, [...new Set(got)].sort((a, b) => a - b), 'doubled or out of order');
  const HOP_MS = 1000; // from the service to the client
  for (let i = 0; i < 200; i++) {
    const onTheWay = sent[i] > away[0].from - HOP_MS && sent[i] < away[0].until;
    assert.ok(got.includes(i) || onTheWay, `${i} is missing`);
  }
  assert.equal((await request(`${edge.url}/health`)).json().status, 'healthy');
});

test('with the same queues the relay stands by until the old side lets go', async (t) => {
  await made.relay.stop();
  const relay = await made.addRelay({ QUEUE_PREFIX: 'websocket.' });
  await until('standing by', () =>
    /standing by: another consumer holds the queue .* queue=websocket\.\S+/.test(relay.log));
  assert.equal(await relay.metric('ws_relay_active'), 0);
  const client = await connect(t, edge, { userId: 'u1' });
  await old.stop();
  old = null;
  await services.publish('notification.created', { userId: 'u1', title: 'first' });
  assert.equal((await client.next('new_notification')).title, 'first');
  await until('active', async () => (await relay.metric('ws_relay_active')) === 1);
  // And the other way round RabbitMQ refuses the old side.
  await assert.rejects(OldGateway.start(brokers), /ACCESS_REFUSED|403/);
});
