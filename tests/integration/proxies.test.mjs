// Clients behind haproxy and nginx, each with and without connections to the edges that are used
// again: long-polling alone, and the change to WebSocket.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { assertNumbered } from './support/asserts.mjs';
import { Child } from './support/child.mjs';
import { connect } from './support/clients.mjs';
import { RawPolling } from './support/engineio.mjs';
import { gateway } from './support/gateway.mjs';
import { proxy } from './support/proxy.mjs';
import { token } from './support/tokens.mjs';
import { until, within } from './support/wait.mjs';

const ioV2 = createRequire(import.meta.url)('socket.io-client-v2');

const made = await gateway({ edges: 2, env: { PING_INTERVAL: '1000' } });
const { services } = made;

const PYTHON = process.env.PYTHON ?? '/usr/bin/python3';
const SCRIPT = fileURLToPath(new URL('python/client.py', import.meta.url));
const COUNT = 300;
const PLACES = ['a', 'b', 'c', 'd', 'e', 'f']; // values of the cookie, for both edges

const cookie = (place) => ({ Cookie: `affinity=${place}` });

async function publishTo(conversationId) {
  for (let message = 0; message < COUNT; message++) {
    const published = services.publish('message.sent', { conversationId, message });
    if (message % 20 === 0) await published;
  }
}

function assertAll(member) {
  assertNumbered(member.all('new_message').map(({ message }) => message), COUNT);
  assert.deepEqual(member.disconnects, []);
}

const rest = (member) => until('all messages', () => member.all('new_message').length >= COUNT);

for (const [name, keepAlive] of [['haproxy', true], ['haproxy', false],
  ['nginx', true], ['nginx', false]]) {
  const url = await proxy(name, made.edges, { keepAlive });
  describe(`${name}, connections ${keepAlive ? 'used again' : 'used once'}`, () => {
    const room = `${name}-${keepAlive}`;
    const at = (t, place, options = {}) => connect(t, { url },
      { userId: place, transports: ['polling'], extraHeaders: cookie(place), ...options });

    test('long-polling at both edges: all, once, in order', async (t) => {
      const members = await Promise.all(PLACES.map((place) => at(t, place)));
      const sockets = await Promise.all(made.edges.map((edge) => edge.metric('ws_edge_sockets')));
      assert.ok(sockets.every((count) => count > 0), `clients of the edges: ${sockets}`);
      for (const member of members) await member.join('conversation', room);
      await publishTo(room);
      await Promise.all(members.map(rest));
      for (const member of members) {
        assert.equal(member.transport, 'polling');
        assertAll(member);
      }
      members[0].close(); // while a poll waits
      assert.equal((await members[1].next('user_left')).userId, 'a');
    });

    test('the change to WebSocket over the proxy', async (t) => {
      const members = await Promise.all(PLACES.map((place) =>
        at(t, place, { transports: ['polling', 'websocket'] })));
      for (const member of members) await member.join('conversation', `${room}-up`);
      await publishTo(`${room}-up`);
      await Promise.all(members.map(rest));
      for (const member of members) {
        await until('the change', () => member.transport === 'websocket');
        assertAll(member);
      }
    });

    test('a body of a megabyte', async () => {
      const polling = await RawPolling.open(url, { headers: cookie('a') });
      const send = (body) => polling.postRaw(body, cookie('a'));
      assert.equal((await send(`40{"token":"${token({ id: 'big' })}"}`)).body, 'ok');
      const { body } = await send(`421["join_room",{"x":"${'x'.repeat(900_000)}"}]`);
      assert.equal(body, 'ok');
      let heard = '';
      while (!heard.includes('431[')) heard += (await polling.pollRaw({ headers: cookie('a') })).body;
    });

    test('a body over the limit is answered 413', async () => {
      const polling = await RawPolling.open(url, { headers: cookie('a') });
      await polling.postRaw(`40{"token":"${token({ id: 'big' })}"}`, cookie('a'));
      for (const size of [1_000_001, 3_900_000]) {
        const answer = await polling.postRaw('4'.repeat(size), cookie('a'));
        assert.equal(answer.status, 413);
        assert.equal(answer.body, '{"message":"Payload too large"}');
      }
    });

    test('Socket.IO 2, long-polling alone', async (t) => {
      const socket = ioV2(url, { forceNew: true, reconnection: false, transports: ['polling'],
        query: { token: token({ id: 'old' }) } });
      t.after(() => socket.close());
      const got = [];
      socket.on('new_message', ({ message }) => got.push(message));
      await within('connected', new Promise((resolve) => { socket.on('connected', resolve); }));
      const answer = await within('an ack', new Promise((resolve) => {
        socket.emit('join_room', { roomType: 'conversation', roomId: `${room}-old` }, resolve);
      }));
      assert.equal(answer.success, true);
      await publishTo(`${room}-old`);
      await until('all messages', () => got.length >= COUNT);
      assertNumbered(got, COUNT);
    });

    test('python-socketio, long-polling alone', async (t) => {
      const child = new Child(PYTHON, [SCRIPT, url, 'polling', token({ id: 7 }), `${room}-py`],
        { name: 'client.py' });
      t.after(() => child.kill());
      await until('the room', () => child.stdout.includes('["bad"'));
      await publishTo(`${room}-py`);
      await services.publish('message.sent', { conversationId: `${room}-py`, message: 'bye' });
      assert.deepEqual(await within('the end of the client', child.exited, 20_000),
        { code: 0, signal: null }, child.output);
      const heard = child.stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line))
        .filter(([kind]) => kind === 'new_message').map(([, { message }]) => message);
      assert.equal(heard.pop(), 'bye');
      assertNumbered(heard, COUNT);
    });
  });
}
