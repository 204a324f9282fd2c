// The programs of docs/integration-guide.md and README.md, as they stand there, against a real
// gateway: each prints what the page says. The services around them are played here.
import assert from 'node:assert/strict';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Server } from 'socket.io';
import { Child } from './support/child.mjs';
import { connect } from './support/clients.mjs';
import { CONTRACT_FILE, publicationFault, schemaFault } from './support/contract.mjs';
import { gateway } from './support/gateway.mjs';
import { readPrograms } from './support/guide.mjs';
import { freePort } from './support/ports.mjs';
import { SECRET, token } from './support/tokens.mjs';
import { until, within } from './support/wait.mjs';

const made = await gateway();
const { edge, services, brokers } = made;

const PYTHON = process.env.PYTHON ?? '/usr/bin/python3'; // the one that has Debian's packages
const page = (path) => readPrograms(fileURLToPath(new URL(`../../${path}`, import.meta.url)));
const programs = new Map([...page('docs/integration-guide.md'), ...page('README.md')]);
const used = new Set();

// The programs side by side, with the packages of the tests.
const folder = await mkdtemp(join(tmpdir(), 'guide-'));
after(() => rm(folder, { recursive: true, force: true }));
await symlink(fileURLToPath(new URL('node_modules', import.meta.url)), join(folder, 'node_modules'));
for (const [name, { text }] of programs) await writeFile(join(folder, name), text);

// HomeTrip's login and its message service: tokens from a list of lives in seconds (null: 503, the
// last one stays), and a history.
async function playServices(t, lives) {
  const played = { history: [] };
  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://localhost');
    if (url.pathname === '/token') {
      const life = lives.length > 1 ? lives.shift() : lives[0];
      response.statusCode = life === null ? 503 : 200;
      response.end(JSON.stringify({ token: token({ id: 'traveller-1' }, { expiresIn: life ?? 1 }) }));
    } else {
      const since = url.searchParams.get('since');
      response.end(JSON.stringify(played.history.filter(({ timestamp }) => timestamp >= since)));
    }
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${server.address().port}`;
  played.env = { TOKEN_URL: `${url}/token`, MESSAGES_URL: `${url}/messages` };
  return played;
}

function start(t, name, env = {}) {
  const { language } = programs.get(name);
  used.add(name);
  const child = new Child(language === 'js' ? process.execPath : PYTHON, [join(folder, name)], {
    name,
    cwd: folder,
    env: { GATEWAY_URL: edge.url, RABBITMQ_URL: brokers.rabbitmq.url, ASYNCAPI_FILE: CONTRACT_FILE,
      PYTHONDONTWRITEBYTECODE: '1', ...env },
  });
  t.after(() => child.kill());
  return child;
}

const printed = (child) => child.stdout.split('\n').slice(0, -1);

// Line by line; "…" on the page is anything.
function assertPrinted(child, output) {
  const pattern = (line) => new RegExp(`^${
    line.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll('…', '.*')}$`);
  const lines = printed(child);
  assert.ok(lines.length === output.length && lines.every((line, i) =>
    pattern(output[i]).test(line)), `${child.name} printed\n${child.output}`);
}

const printing = (child, count) => until(`line ${count} of ${child.name}`, () => {
  if (printed(child).length >= count) return true;
  throw new Error(child.output);
});

// Runs a program to its end and compares what it has printed with the page.
async function runs(t, name, env) {
  const child = start(t, name, env);
  const status = await within(`the end of ${name}`, child.exited);
  assert.deepEqual(status, { code: 0, signal: null }, child.output);
  assertPrinted(child, programs.get(name).outputs[0]);
}

// For a program that goes on for ever: waits for as many lines as the page shows.
async function prints(child, output) {
  await printing(child, output.length);
  assertPrinted(child, output);
  assert.equal(child.stderr, '');
  assert.ok(child.running, `${child.name} has ended`);
}

test('acks.mjs', async (t) => {
  const { env } = await playServices(t, [3600]);
  await runs(t, 'acks.mjs', env);
});

test('stay.mjs swaps its token', async (t) => {
  const { env } = await playServices(t, [5, 3600]);
  await prints(start(t, 'stay.mjs', env), programs.get('stay.mjs').outputs[0]);
});

// Of a gateway that warns of each token at once.
test('stay.mjs holds back', async (t) => {
  const http = createServer();
  const io = new Server(http);
  let refreshed = 0;
  io.on('connection', (socket) => {
    socket.emit('token_expiring_soon', { expiresIn: 1 });
    socket.on('refresh_token', (_, ack) => {
      refreshed += 1;
      ack({ success: true, expiresIn: 1 });
      socket.emit('token_expiring_soon', { expiresIn: 1 });
    });
  });
  await new Promise((resolve) => { http.listen(0, '127.0.0.1', resolve); });
  t.after(() => io.close());
  const { env } = await playServices(t, [3600]);
  start(t, 'stay.mjs', { ...env, GATEWAY_URL: `http://127.0.0.1:${http.address().port}` });
  await until('a refresh', () => refreshed > 0);
  await new Promise((resolve) => { setTimeout(resolve, 2000); });
  assert.equal(refreshed, 1);
});

test('stay.mjs gets a new token late, and comes back', async (t) => {
  const { env } = await playServices(t, [3, null, 3600]);
  await prints(start(t, 'stay.mjs', env), programs.get('stay.mjs').outputs[1]);
});

test('chat.mjs misses nothing while an edge restarts', async (t) => {
  const played = await playServices(t, [3600]);
  const write = (messageId, message) => {
    const written = { messageId, conversationId: '42', senderId: 'host-7', message,
      timestamp: new Date().toISOString() };
    played.history.push(written);
    return written;
  };
  const [output] = programs.get('chat.mjs').outputs;
  const texts = output.filter((line) => line.startsWith('host-7: ')).map((line) => line.slice(8));
  assert.equal(texts.length, 3);
  write('m1', texts[0]);
  const chat = start(t, 'chat.mjs', played.env);
  await printing(chat, 2);
  await services.publish('message.sent', write('m2', texts[1]));
  await printing(chat, 3);
  await edge.stop();
  await printing(chat, 4);
  const missed = write('m3', texts[2]);
  await edge.start();
  await edge.ready();
  await prints(chat, output);
  // It is in its room again, and what it has loaded is not shown again.
  await services.publish('message.sent', missed);
  await services.publish('message.sent', write('m4', 'Good'));
  await prints(chat, [...output, 'host-7: Good']);
});

test('members.mjs says who may join', async (t) => {
  const PORT = String(await freePort());
  const asking = await made.addEdge({ ROOM_AUTHORIZATION: 'service',
    MESSAGE_SERVICE_URL: `http://127.0.0.1:${PORT}` });
  await asking.ready();
  const members = start(t, 'members.mjs', { PORT, JWT_SECRET: SECRET });
  await printing(members, 1);
  const traveller = await connect(t, asking, { userId: 'traveller-1' });
  const answers = [];
  for (const roomId of ['42', '43', '44', 'a b']) {
    answers.push(await traveller.ack('join_room', { roomType: 'conversation', roomId }));
  }
  const refused = { error: 'Forbidden' };
  assert.deepEqual(answers, [{ success: true, message: 'Joined room: conversation:42' },
    refused, refused, refused]);
  await prints(members, programs.get('members.mjs').outputs[0]);
});

test('listen.py hears what publish.mjs publishes', async (t) => {
  const python = start(t, 'listen.py', { TOKEN: token({ id: 'traveller-1' }) });
  await printing(python, 1);
  await runs(t, 'publish.mjs');
  await prints(python, programs.get('listen.py').outputs[0]);
});

test('publish.py', async (t) => {
  const user = await connect(t, edge, { userId: 'traveller-1' });
  await runs(t, 'publish.py');
  assert.equal((await user.next('booking_update')).bookingId, 'reservation-1');
});

test('what the programs publish is what the services have promised', async (t) => {
  const { queue } = await services.channel.assertQueue('', { exclusive: true });
  for (const exchange of ['hometrip', 'hometrip-events']) {
    await services.channel.bindQueue(queue, exchange, '#');
  }
  for (const [program, schema] of [['publish.mjs', 'MessageOfMessageService'],
    ['publish.py', 'BookingOfBookingService']]) {
    const child = start(t, program);
    await within(`the end of ${program}`, child.exited);
    const { content, fields, properties } = await until('the event', () =>
      services.channel.get(queue, { noAck: true }));
    await services.channel.purgeQueue(queue);
    assert.equal(publicationFault(fields.routingKey, content), null);
    assert.equal(schemaFault(schema, JSON.parse(content).data), null);
    assert.equal(properties.deliveryMode, 2);
    assert.ok(properties.messageId);
  }
});

test('app.mjs of the README hears what service.mjs publishes', async (t) => {
  const app = start(t, 'app.mjs', { TOKEN: token({ id: 'traveller-1' }) });
  await printing(app, 1);
  start(t, 'service.mjs');
  await prints(app, programs.get('app.mjs').outputs[0]);
});

test('contract.mjs', (t) => runs(t, 'contract.mjs'));

test('no program of the page was left out', () => {
  const texts = [...used].map((name) => programs.get(name).text);
  for (const [name, { text }] of programs) {
    if (texts.some((other) => other.includes(`'./${name}'`))) texts.push(text);
  }
  const left = [...programs].filter(([, { text }]) => !texts.includes(text));
  assert.deepEqual(left.map(([name]) => name), []);
});
