// The official client of the generation before: Socket.IO 2, Engine.IO 3.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import { createClient } from 'redis';
import { connect, newConversation } from './support/clients.mjs';
import { ackFault, eventFault } from './support/contract.mjs';
import { gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';
import { token } from './support/tokens.mjs';
import { until, within } from './support/wait.mjs';

const io = createRequire(import.meta.url)('socket.io-client-v2');

const made = await gateway({ edges: 2 });
const { edges: [edge, there], services } = made;
const modern = await made.addEdge({ ALLOW_EIO3: 'false' });
const talkative = await made.addEdge({ LOG_LEVEL: 'debug' });
await made.ready();

// Its events are collected by hand: this client has no onAny().
function open(t, to, options) {
  const socket = io(to.url, { forceNew: true, reconnection: false, ...options });
  const received = [];
  t.after(() => {
    socket.close();
    for (const [event, ...args] of received) assert.equal(eventFault(event, args), null);
  });
  for (const event of ['connected', 'booking_update', 'new_message', 'user_joined', 'user_left',
    'user_typing', 'token_expiring_soon', 'token_expired']) {
    socket.on(event, (...args) => received.push([event, ...args]));
  }
  const next = (event, count = 1) => until(`"${event}"`, () =>
    received.filter(([name]) => name === event)[count - 1]?.[1]);
  const ack = async (event, body) => {
    const answer = await within(`the ack of ${event}`, new Promise((resolve) => {
      socket.emit(event, body, resolve);
    }));
    assert.equal(ackFault(event, answer), null);
    return answer;
  };
  const refusal = () => within('a refusal', new Promise((resolve, reject) => {
    socket.on('error', resolve);
    socket.on('connected', () => reject(new Error('the client was let in')));
  }));
  return { socket, received, next, ack, refusal };
}

for (const transports of [['websocket'], ['polling'], ['polling', 'websocket']]) {
  describe(`over ${transports.join(', then ')}`, () => {
    const options = (id) => ({ transports, query: { token: token({ id }) } });

    test('a token in the query, a welcome, a room, events both ways', async (t) => {
      const room = newConversation();
      const old = open(t, edge, options('old'));
      const { socketId, userId } = await old.next('connected');
      assert.equal(userId, 'old');
      assert.notEqual(socketId, old.socket.id);

      const watcher = await connect(t, there, { userId: 'new' });
      await watcher.join('conversation', room.id);
      assert.deepEqual(await old.ack('join_room', room.which),
        { success: true, message: `Joined room: ${room.name}` });
      assert.equal((await watcher.next('user_joined')).socketId, socketId);
      await old.ack('typing', room.which);
      assert.equal((await watcher.next('user_typing')).userId, 'old');
      await watcher.ack('typing', room.which);
      assert.equal((await old.next('user_typing')).userId, 'new');

      for (let message = 0; message < 100; message++) {
        await services.publish('message.sent', { conversationId: room.id, message });
      }
      assert.equal((await old.next('new_message', 100)).message, 99);
      assert.deepEqual(old.received.filter(([event]) => event === 'new_message')
        .map(([, body]) => body.message), Array.from({ length: 100 }, (_, i) => i));
      assert.equal(old.socket.io.engine.transport.name, transports.at(-1));

      old.socket.close();
      assert.equal((await watcher.next('user_left')).userId, 'old');
    });

    test('errors in acks are the same', async (t) => {
      const room = newConversation();
      const old = open(t, edge, options('old'));
      await old.next('connected');
      assert.deepEqual(await old.ack('join_room', {}), { error: 'Missing roomType or roomId' });
      assert.deepEqual(await old.ack('typing', room.which), { error: 'Not in room' });
    });

    test('a refusal is the bare string', async (t) => {
      const old = open(t, edge, { transports, query: { token: 'rubbish' } });
      assert.strictEqual(await old.refusal(), 'Authentication error: jwt malformed');
    });
  });
}

test('a token in the header is let in', async (t) => {
  const headers = { Authorization: `Bearer ${token({ id: 'header' })}` };
  const old = open(t, edge, {
    transports: ['polling'],
    transportOptions: { polling: { extraHeaders: headers } },
  });
  assert.equal((await old.next('connected')).userId, 'header');
});

test('no token at all is refused', async (t) => {
  const old = open(t, edge, { transports: ['websocket'] });
  assert.strictEqual(await old.refusal(), 'Authentication error: No token provided');
});

test('an expiring token is announced and ends the transport', async (t) => {
  const old = open(t, edge, {
    transports: ['polling'], query: { token: token({ id: 'brief' }, { expiresIn: 5 }) },
  });
  const ended = new Promise((resolve) => { old.socket.on('disconnect', resolve); });
  await old.next('token_expiring_soon');
  await old.next('token_expired');
  assert.equal(await within('the end', ended), 'transport close');
});

// Whoever knows a session id may open the session's WebSocket without any token.
test('nobody but the client hears its session id', async (t) => {
  const bus = createClient({ socket: { host: '127.0.0.1', port: made.brokers.redis.port } });
  t.after(() => bus.disconnect());
  await bus.connect();
  const published = [];
  await bus.pSubscribe('*', (message) => published.push(message));
  const room = newConversation();
  const old = open(t, talkative, {
    transports: ['polling'], query: { token: token({ id: 'old' }) },
  });
  const { socketId } = await old.next('connected');
  const watcher = await connect(t, there, { userId: 'new' });
  await watcher.join('conversation', room.id);
  await old.ack('join_room', room.which);
  await old.ack('typing', room.which);
  assert.equal((await watcher.next('user_joined')).socketId, socketId);
  assert.equal((await watcher.next('user_typing')).socketId, socketId);

  const answer = await request(
    `${talkative.url}/socket.io/?EIO=3&transport=polling&sid=${socketId}`);
  assert.equal(answer.status, 400);
  assert.deepEqual(answer.json(), { code: 1, message: 'Session ID unknown' });

  const secret = old.socket.id;
  old.socket.close();
  assert.equal((await watcher.next('user_left')).socketId, socketId);
  await until('the log to name it', () => talkative.log.includes(`session=${socketId}`));
  await until('all on the bus', () => published.some((message) => message.includes('user_left')));
  const heard = JSON.stringify([old.received, watcher.received, published, talkative.log]);
  assert.equal(heard.includes(secret), false);
});

test('ALLOW_EIO3=false refuses the whole generation', async (t) => {
  const response = await fetch(`${modern.url}/socket.io/?EIO=3&transport=polling`);
  assert.equal(response.status, 400);
  assert.deepEqual(await response.json(), { code: 5, message: 'Unsupported protocol version' });
});
