// ROOM_AUTHORIZATION=service: a service is asked who may join.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { client, connect, newConversation } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';
import { assertOnceWithin } from './support/limits.mjs';
import { RoomService } from './support/room_service.mjs';
import { token } from './support/tokens.mjs';
import { sleep, until } from './support/wait.mjs';

const TIMEOUT_MS = 1500;
const FORBIDDEN = { error: 'Forbidden' };
const UNAVAILABLE = { error: 'Authorization unavailable' };

const messages = await RoomService.start();
const notifications = await RoomService.start();
after(() => Promise.all([messages.close(), notifications.close()]));

const made = await gateway({
  env: {
    ROOM_AUTHORIZATION: 'service',
    ROOM_AUTHORIZATION_TIMEOUT: '60000', // longer than anything here waits
    MESSAGE_SERVICE_URL: messages.url,
    NOTIFICATION_SERVICE_URL: `${notifications.url}/`, // the slash is not doubled
    NOTIFICATION_SERVICE_PATH: '/v2/notifications/{id}?for=gateway',
    ALLOW_AUTH_WITHOUT_JWT: 'true',
    LOG_LEVEL: 'debug',
  },
});
const { edge, services } = made;
const forgetful = await made.addEdge({ ROOM_AUTHORIZATION_CACHE_SECONDS: '1' });
const few = { ROOM_AUTHORIZATION_CONCURRENCY: '2', ROOM_AUTHORIZATION_QUEUE: '4' };
const small = await made.addEdge(few);
const brief = { ROOM_AUTHORIZATION_TIMEOUT: String(TIMEOUT_MS) };
const hasty = await made.addEdge(brief);
const smallAndHasty = await made.addEdge({ ...few, ...brief });
await made.ready();

const user = (t, userId, on = edge) => connect(t, on, { userId });
const join = (who, { which }) => who.ack('join_room', which);
const joined = ({ name }) => ({ success: true, message: `Joined room: ${name}` });

const metric = (of, series) => of.metric(`ws_edge_authorization_${series}`);

describe('what the service answers', () => {
  const cases = [
    [[200, 201, 204, 299], joined],
    [[401, 403, 404], () => FORBIDDEN],
    [[300, 301, 302, 304, 307, 400, 405, 409, 410, 429, 500, 503], () => UNAVAILABLE],
  ];
  for (const [statuses, expected] of cases) {
    for (const status of statuses) {
      test(`${status}`, async (t) => {
        const room = newConversation();
        messages.say(room.id, (req, res) => res.writeHead(status,
          { Location: `${messages.url}/elsewhere` }).end(status === 204 ? undefined : 'text'));
        assert.deepEqual(await join(await user(t, 'u1'), room), expected(room));
      });
    }
  }

  test('redirects were not followed', () => {
    assert.deepEqual(messages.asked('elsewhere'), []);
  });

  test('members get messages, others do not', async (t) => {
    const room = newConversation();
    const other = newConversation();
    messages.say(other.id, 403);
    const member = await user(t, 'u1');
    const stranger = await user(t, 'u2');
    await join(member, room);
    await join(stranger, other);
    await services.publish('message.sent', { conversationId: room.id, message: 'm' });
    await services.publish('message.sent', { conversationId: other.id, message: 'm' });
    assert.equal((await member.next('new_message')).conversationId, room.id);
    await stranger.ack('typing', {});
    assert.deepEqual(stranger.all('new_message'), []);
  });
});

describe('what the service is asked', () => {
  test('a GET with the token of the client', async (t) => {
    const room = newConversation();
    const mine = token({ id: 'u1', role: 'guest' });
    await join(await connect(t, edge, { auth: { token: mine } }), room);
    const [{ method, path, headers, version }] = messages.asked(room.id);
    assert.deepEqual({ method, path, version },
      { method: 'GET', path: `/api/conversations/${room.id}`, version: '1.1' });
    assert.deepEqual(headers, {
      host: `127.0.0.1:${messages.port}`,
      authorization: `Bearer ${mine}`,
      'user-agent': 'websocket-gateway/1.0.0',
      accept: '*/*',
    });
  });

  test('the token of the handshake, for a client that sends it there', async (t) => {
    const room = newConversation();
    const mine = token({ id: 'u1' });
    await join(await connect(t, edge, { extraHeaders: { Authorization: mine } }), room);
    assert.equal(messages.asked(room.id)[0].headers.authorization, `Bearer ${mine}`);
  });

  test('of notifications the other service', async (t) => {
    const who = await user(t, 'u1');
    notifications.say('n2', 404);
    const ask = (roomId) => who.ack('join_room', { roomType: 'notification', roomId });
    assert.deepEqual(await ask('n1'), { success: true, message: 'Joined room: notification:n1' });
    assert.deepEqual(await ask('n2'), FORBIDDEN);
    assert.deepEqual(notifications.requests.map(({ path }) => path),
      ['/v2/notifications/n1?for=gateway', '/v2/notifications/n2?for=gateway']);
  });

  const ids = [
    [42, '42'],
    ['a b', 'a%20b'],
    ['a?b=c#d', 'a%3Fb%3Dc%23d'],
    ['50%25', '50%2525'],
    ['é😀', '%C3%A9%F0%9F%98%80'],
    ["-._~!$&'()*+,;=:@", '-._~%21%24%26%27%28%29%2A%2B%2C%3B%3D%3A%40'],
    ['...', '...'],
    ['x'.repeat(256), 'x'.repeat(256)],
    ['é'.repeat(128), '%C3%A9'.repeat(128)],
  ];
  for (const [roomId, encoded] of ids) {
    test(`the id ${String(roomId).slice(0, 20)} arrives as ${encoded.slice(0, 20)}`, async (t) => {
      const who = await user(t, 'u1');
      const before = messages.requests.length;
      await who.join('conversation', roomId);
      assert.deepEqual(messages.requests.slice(before).map(({ path }) => path),
        [`/api/conversations/${encoded}`]);
    });
  }

  for (const roomId of ['.', '..', '/', 'a/b', '../../health', '\\', 'a\\b', '..\\x', 'a/']) {
    test(`nothing about the id "${roomId}", which is refused`, async (t) => {
      const who = await user(t, 'u1');
      const before = messages.requests.length;
      for (const roomType of ['conversation', 'notification']) {
        for (const event of ['join_room', 'leave_room', 'typing']) {
          assert.deepEqual(await who.ack(event, { roomType, roomId }), { error: 'Invalid roomId' });
        }
      }
      assert.equal(messages.requests.length, before);
    });
  }

  test('nothing when the request is wrong', async (t) => {
    const who = await user(t, 'u1');
    const before = messages.requests.length;
    assert.deepEqual(await who.ack('join_room', { roomType: 'conversation', roomId: 'a\nb' }),
      { error: 'Invalid roomId' });
    assert.deepEqual(await who.ack('join_room', { roomType: 'user', roomId: 'u2' }),
      { error: 'Invalid roomType' });
    assert.equal(messages.requests.length, before);
  });

  test('nothing about a client without a token, which is refused', async (t) => {
    const room = newConversation();
    const nobody = client(t, edge);
    await nobody.connected();
    assert.deepEqual(await join(nobody, room), FORBIDDEN);
    assert.deepEqual(messages.asked(room.id), []);
  });
});

describe('while the answer is awaited', () => {
  test('the client is not in the room, and is when it comes', async (t) => {
    const room = newConversation();
    const answer = messages.hold(room.id);
    const who = await user(t, 'u1');
    const pending = join(who, room);
    await messages.isAsked(room.id);
    assert.deepEqual(await who.ack('typing', room.which), { error: 'Not in room' });
    answer();
    assert.deepEqual(await pending, joined(room));
    assert.deepEqual(await who.ack('typing', room.which), { success: true });
  });

  test('the same again is asked once, acked twice, and told to others once', async (t) => {
    const room = newConversation();
    const witness = await user(t, 'witness');
    await join(witness, room);
    const answer = messages.hold(room.id);
    const who = await user(t, 'u1');
    const pending = [join(who, room), join(who, room)];
    await messages.isAsked(room.id, 2);
    answer();
    assert.deepEqual(await Promise.all(pending), [joined(room), joined(room)]);
    await who.ack('typing', room.which);
    await witness.next('user_typing');
    assert.equal(witness.all('user_joined').length, 1);
    assert.equal(messages.asked(room.id).length, 2);
  });

  test('all clients of a user wait for one answer, another user has its own', async (t) => {
    const room = newConversation();
    const merged = await metric(edge, 'joins_merged_total');
    const answer = messages.hold(room.id);
    const mine = await Promise.all([1, 2, 3].map(() => user(t, 'u1')));
    const other = await user(t, 'u2');
    const pending = [...mine, other].map((who) => join(who, room));
    await messages.isAsked(room.id, 2);
    await until('all to wait', async () => await metric(edge, 'joins_waiting') === 4);
    answer();
    assert.deepEqual(await Promise.all(pending), Array(4).fill(joined(room)));
    assert.equal(messages.asked(room.id).length, 2);
    assert.equal(await metric(edge, 'joins_merged_total') - merged, 2);
    assert.equal(await metric(edge, 'joins_waiting'), 0);
  });

  test('leave_room cancels it', async (t) => {
    const room = newConversation();
    const witness = await user(t, 'witness');
    await join(witness, room);
    const answer = messages.hold(room.id);
    const who = await user(t, 'u1');
    const pending = join(who, room);
    await messages.isAsked(room.id, 2);
    assert.deepEqual(await who.ack('leave_room', room.which),
      { success: true, message: `Left room: ${room.name}` });
    assert.deepEqual(await pending, { error: 'Join cancelled' });
    answer();
    await until('the answer', async () => await metric(edge, 'asks_under_way') === 0);
    assert.deepEqual(await who.ack('typing', room.which), { error: 'Not in room' });
    assert.deepEqual(witness.all('user_joined'), []);
    assert.deepEqual(witness.all('user_left'), []);
  });

  test('a client that has gone is not joined', async (t) => {
    const room = newConversation();
    const witness = await user(t, 'witness');
    await join(witness, room);
    const answer = messages.hold(room.id);
    const who = await user(t, 'u1');
    who.socket.emit('join_room', room.which);
    await messages.isAsked(room.id, 2);
    who.close();
    await until('the client to be gone', async () => await metric(edge, 'joins_waiting') === 0);
    answer();
    await until('the answer', async () => await metric(edge, 'asks_under_way') === 0);
    assert.deepEqual(witness.all('user_joined'), []);
    // It was about the user, and the user comes back.
    assert.deepEqual(await join(await user(t, 'u1'), room), joined(room));
    assert.equal(messages.asked(room.id).length, 2);
  });

  test('a token that expires closes the client, and the answer changes nothing', async (t) => {
    const room = newConversation();
    const answer = messages.hold(room.id);
    const who = await connect(t, edge, { auth: { token: token({ id: 'u1' }, { expiresIn: 5 }) } });
    who.socket.emit('join_room', room.which);
    await messages.isAsked(room.id);
    await until('the end of the token', () => who.disconnects.length > 0);
    answer();
    await until('the answer', async () => await metric(edge, 'asks_under_way') === 0);
    assert.equal((await request(`${edge.url}/metrics`)).json().rooms.includes(room.name), false);
  });

  test('it is over after the time limit, and the request with it', async (t) => {
    const room = newConversation();
    messages.hold(room.id);
    const who = await user(t, 'u1', hasty);
    const began = Date.now();
    assert.deepEqual(await join(who, room), UNAVAILABLE);
    const took = Date.now() - began;
    assert.ok(took >= TIMEOUT_MS - 50, `after ${took} ms`);
    await until('the request to be given up', () => messages.asked(room.id)[0].over);
  });
});

describe('refresh_token', () => {
  test('brings the token that is shown from then on', async (t) => {
    const room = newConversation();
    const who = await user(t, 'u1');
    const fresh = token({ id: 'u1', fresh: true });
    await who.ack('refresh_token', { token: fresh });
    await join(who, room);
    assert.equal(messages.asked(room.id)[0].headers.authorization, `Bearer ${fresh}`);
  });

  test('may bring what the old one was refused for', async (t) => {
    const room = newConversation();
    messages.say(room.id, 401);
    const who = await user(t, 'u1');
    assert.deepEqual(await join(who, room), FORBIDDEN);
    messages.say(room.id, 200);
    await who.ack('refresh_token', { token: token({ id: 'u1', fresh: true }) });
    assert.deepEqual(await join(who, room), joined(room));
  });
});

describe('answers are remembered', () => {
  for (const [status, expected] of [[200, joined], [403, () => FORBIDDEN], [404, () => FORBIDDEN]]) {
    test(`${status}, for the user and the room`, async (t) => {
      const room = newConversation();
      const hits = await metric(edge, 'cache_hits_total');
      messages.say(room.id, status);
      assert.deepEqual(await join(await user(t, 'u1'), room), expected(room));
      messages.say(room.id, status === 200 ? 403 : 200);
      assert.deepEqual(await join(await user(t, 'u1'), room), expected(room));
      assert.equal(messages.asked(room.id).length, 1);
      assert.equal(await metric(edge, 'cache_hits_total') - hits, 1);
      await join(await user(t, 'u2'), room);
      assert.equal(messages.asked(room.id).length, 2);
    });
  }

  test('no answer is not', async (t) => {
    const room = newConversation();
    messages.say(room.id, 500);
    const who = await user(t, 'u1');
    assert.deepEqual(await join(who, room), UNAVAILABLE);
    messages.say(room.id, 200);
    assert.deepEqual(await join(who, room), joined(room));
  });

  test('until they expire', async (t) => {
    const room = newConversation();
    messages.say(room.id, 404);
    const who = await user(t, 'u1', forgetful);
    assert.deepEqual(await join(who, room), FORBIDDEN);
    messages.say(room.id, 200); // the conversation has been made meanwhile
    assert.deepEqual(await join(who, room), FORBIDDEN);
    await sleep(1100);
    assert.deepEqual(await join(who, room), joined(room));
    assert.equal(messages.asked(room.id).length, 2);
  });
});

describe('limits', () => {
  test('of the questions at one time, and of those who wait', async (t) => {
    const rooms = Array.from({ length: 6 }, newConversation);
    const answers = rooms.map(({ id }) => messages.hold(id));
    const who = await user(t, 'u1', small);
    const pending = rooms.map((room) => join(who, room));
    // Two are asked, two wait, and for two there is no place.
    assert.deepEqual(await Promise.all(pending.slice(4)), [UNAVAILABLE, UNAVAILABLE]);
    await messages.isAsked(rooms[1].id);
    assert.deepEqual(rooms.map(({ id }) => messages.asked(id).length), [1, 1, 0, 0, 0, 0]);
    assert.equal(await metric(small, 'asks_under_way'), 2);
    assert.equal(await metric(small, 'joins_waiting'), 4);
    assert.equal(await metric(small, 'joins_overflowed_total'), 2);
    answers[0]();
    await messages.isAsked(rooms[2].id);
    for (const answer of answers) answer();
    assert.deepEqual(await Promise.all(pending.slice(0, 4)), rooms.slice(0, 4).map(joined));
  });

  test('a slow service does not hold up the other one', async (t) => {
    const rooms = Array.from({ length: 3 }, newConversation);
    const answers = rooms.map(({ id }) => messages.hold(id));
    const who = await user(t, 'u1', small);
    const pending = rooms.map((room) => join(who, room));
    await who.join('notification', 'quick');
    for (const answer of answers) answer();
    assert.deepEqual(await Promise.all(pending), rooms.map(joined));
  });

  test('the time in the queue counts', async (t) => {
    const who = await user(t, 'u1', smallAndHasty);
    await assertOnceWithin(2 * TIMEOUT_MS - 1, async () => {
      const rooms = Array.from({ length: 3 }, newConversation);
      const answers = rooms.map(({ id }) => messages.hold(id));
      const began = Date.now();
      const pending = rooms.map((room) => join(who, room));
      assert.deepEqual(await Promise.all(pending), Array(3).fill(UNAVAILABLE));
      const took = Date.now() - began;
      for (const answer of answers) answer();
      return took;
    });
  });
});

test('one connection does for many questions, one after the other', async (t) => {
  const who = await user(t, 'u1');
  await join(who, newConversation());
  const before = messages.connections;
  for (let i = 0; i < 10; i++) await join(who, newConversation());
  assert.equal(messages.connections, before);
});

test('a connection that the service has closed is not missed', async (t) => {
  const who = await user(t, 'u1');
  await join(who, newConversation());
  messages.server.closeAllConnections();
  const room = newConversation();
  assert.deepEqual(await join(who, room), joined(room));
});

test('nor one that breaks just when it is used again', async (t) => {
  const who = await user(t, 'u1');
  await join(who, newConversation());
  const room = newConversation();
  messages.say(room.id, (req, res) => {
    messages.say(room.id, 200);
    res.socket.resetAndDestroy();
  });
  assert.deepEqual(await join(who, room), joined(room));
  assert.equal(messages.asked(room.id).length, 2);
});

test('a service that restarts is found again, and /ready does not care', async (t) => {
  const gone = await RoomService.start();
  const alone = await made.addEdge({ MESSAGE_SERVICE_URL: gone.url });
  await alone.ready();
  const who = await user(t, 'u1', alone);
  await join(who, newConversation());
  await gone.close();
  assert.deepEqual(await join(who, newConversation()), UNAVAILABLE);
  assert.deepEqual(await join(who, newConversation()), UNAVAILABLE);
  assert.equal((await request(`${alone.opsUrl}/ready`)).status, 200);
  const back = await RoomService.start({ port: gone.port });
  t.after(() => back.close());
  const room = newConversation();
  assert.deepEqual(await join(who, room), joined(room));
  await alone.logs(/"info".*"module":"rooms"/);
  const told = alone.logLines().filter(({ module }) => module === 'rooms');
  assert.deepEqual(told.map(({ level }) => level), ['warn', 'info']);
  assert.match(told[0].message, /service=messages reason="Failed to connect.*MESSAGE_SERVICE_URL/);
});

test('an edge that ends does not wait for answers', async (t) => {
  const ending = await made.addEdge({ ROOM_AUTHORIZATION_TIMEOUT: '60000', DRAIN_SECONDS: '0' });
  await ending.ready();
  const room = newConversation();
  messages.hold(room.id);
  const who = await user(t, 'u1', ending);
  who.socket.emit('join_room', room.which);
  await messages.isAsked(room.id);
  const began = Date.now();
  await ending.stop(); // asserts that it ends well
  assert.ok(Date.now() - began < 30_000, 'it waited for the answer');
});

test('the counters tell what was answered', async () => {
  for (const [of, results] of [[edge, ['yes', 'no', 'bad token', 'error']], [hasty, ['timeout']]]) {
    const { body } = await request(`${of.opsUrl}/metrics`);
    const asks = body.split('\n').filter((line) =>
      line.startsWith('ws_edge_authorization_asks_total{service="messages"'));
    assert.equal(asks.length, 6);
    for (const result of results) {
      assert.match(asks.find((line) => line.includes(`result="${result}"`)), / [1-9]\d*$/);
    }
  }
  assert.equal(await metric(edge, 'asks_under_way'), 0);
});

test('no token is in the log', () => {
  for (const { log } of made.edges) assert.doesNotMatch(log, /eyJ/);
});
