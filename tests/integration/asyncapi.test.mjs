// Real traffic against docs/asyncapi.yaml: every event, every ack, every refusal, every way to a
// dead letter, and what relay and edges tell one another. What the clients of support/clients.mjs
// receive is compared there; here everything that the document names must also have been seen.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { after, describe, test } from 'node:test';
import { createClient } from 'redis';
import { io } from 'socket.io-client';
import { badRooms } from './support/asserts.mjs';
import { run } from './support/child.mjs';
import { client, connect, newConversation } from './support/clients.mjs';
import { EVENTS_TO_CLIENTS, EXCHANGES, contract, eventFault, publicationFault, refusalFault,
  requestFault, schemaFault } from './support/contract.mjs';
import { brokerSettings, built, gateway } from './support/gateway.mjs';
import { decode, encode } from './support/proto.mjs';
import { RoomService } from './support/room_service.mjs';
import { nowSeconds, rawToken, rsaToken, token, unsignedToken } from './support/tokens.mjs';
import { until, within } from './support/wait.mjs';

// Only a route with several rooms has some of the reasons for a dead letter.
const folder = await mkdtemp(joinPath(tmpdir(), 'asyncapi-'));
after(() => rm(folder, { recursive: true, force: true }));
const routes = joinPath(folder, 'routes.json');
await writeFile(routes, JSON.stringify({ routes: [{ routingKey: 'order.updated',
  event: 'order_update', fields: ['orderId'], rooms: ['user:{watchers[]}'] }] }));

// So has only an event that names its rooms itself.
const file = joinPath(folder, 'gateway.json');
const builtIn = JSON.parse(await readFile(
  new URL('../../common/gateway_file/gateway.json', import.meta.url), 'utf8'));
await writeFile(file, JSON.stringify({ ...builtIn, publish: true }));

const made = await gateway({ relayEnv: { MAX_EVENT_BYTES: '4096', EVENT_ROUTES_FILE: routes,
  GATEWAY_FILE: file } });
const { edge, services, brokers } = made;
const strict = await made.addEdge({ ROOM_AUTHORIZATION: 'claims', MAX_EVENTS_PER_SECOND: '1',
  MAX_ROOMS_PER_SOCKET: '2', MAX_SOCKETS_PER_USER: '1', ALLOW_AUTH_WITHOUT_JWT: 'true' });
const service = await RoomService.start();
const asking = await made.addEdge({ ROOM_AUTHORIZATION: 'service', MESSAGE_SERVICE_URL: service.url });
const picky = await made.addEdge({ JWT_ISSUER: 'right', JWT_AUDIENCE: 'right' });
const leaving = await made.addEdge({ EDGE_ID: 'leaving', DRAIN_SECONDS: '0' });
await made.ready();
const revoked = await run(built('ws-control'), ['revoke', 'revoked'], { env: brokerSettings(brokers) });
assert.equal(revoked.code, 0, revoked.stderr);

const redis = createClient({ database: 1, socket: { host: '127.0.0.1', port: brokers.redis.port } });
redis.on('error', () => {}); // what needs it reports it
await redis.connect();
const listener = redis.duplicate();
await listener.connect();
const bus = []; // [channel, bytes]
for (const channel of ['ws:control', 'ws:bus:{0}']) {
  await listener.subscribe(channel, (bytes) => bus.push([channel, bytes]), true);
}
after(() => Promise.all([redis.disconnect(), listener.disconnect(), service.close()]));

const heard = (channel) => bus.filter(([name]) => name === channel).map(([, bytes]) => bytes);

// What has been seen, by the schema that names it.
const seen = { events: new Set(), errors: new Map() };
const ERRORS = { join_room: 'JoinRefused', leave_room: 'LeaveRefused', typing: 'TypingRefused',
  stop_typing: 'TypingRefused', refresh_token: 'RefreshRefused' };

function note(schema, error) {
  if (!seen.errors.has(schema)) seen.errors.set(schema, new Set());
  seen.errors.get(schema).add(error);
}

function watch(t, socket) {
  t.after(() => socket.received.forEach(({ event }) => seen.events.add(event)));
  return socket;
}

const join = async (t, to, options) => watch(t, await connect(t, to, options));

// An ack must be as the document says (which the client looks at) and be this error.
async function refuses(socket, event, error, ...args) {
  assert.deepEqual(await socket.ack(event, ...args), { error });
  note(ERRORS[event], error);
}

const BAD_TOKENS = {
  'No token provided': undefined,
  'jwt malformed': 'rubbish',
  'invalid token': token({ email: 'a@b.c' }),
  'jwt signature is required': unsignedToken({ id: 'u1' }),
  'invalid signature': token({ id: 'u1' }, { secret: 'another' }),
  'invalid algorithm': rsaToken({ id: 'u1' }),
  'jwt expired': token({ id: 'u1' }, { expiresIn: -5 }),
  'jwt not active': rawToken({ alg: 'HS256' }, { id: 'u1', nbf: nowSeconds() + 600 }),
  'second factor required': token({ id: 'u1', requires2FA: true }),
  'jwt revoked': token({ id: 'revoked', iat: nowSeconds() - 60 }),
};

const BAD_PARTIES = {
  'jwt audience invalid': token({ id: 'u1', iss: 'right', aud: ['wrong'] }),
  'jwt issuer invalid': token({ id: 'u1', iss: 'wrong', aud: ['right'] }),
};

describe('acks', () => {
  test('of success, and what the other members hear', async (t) => {
    const { which, name } = newConversation();
    const member = await join(t, edge, { userId: 'u1' });
    const other = await join(t, edge, { userId: 2 });
    assert.equal(requestFault('join_room', which), null);
    await member.join('conversation', which.roomId);
    await other.ack('join_room', which);
    await other.ack('typing', which);
    await other.ack('stop_typing', which);
    assert.deepEqual(await other.ack('leave_room', which),
      { success: true, message: `Left room: ${name}` });
    await member.next('user_left');
    assert.deepEqual(await other.ack('refresh_token', { token: token({ id: 2 }, { expiresIn: null }) }),
      { success: true, expiresIn: null });
    await other.ack('refresh_token', { token: token({ id: 2 }) });
  });

  const BYTES = 'roomId of 129 letters, 258 bytes'; // JSON Schema counts letters
  for (const [name, args, error] of badRooms) {
    test(`of a request that the document forbids: ${name}`, async (t) => {
      const socket = await join(t, edge, { userId: 'u1' });
      for (const event of ['join_room', 'leave_room', 'typing', 'stop_typing']) {
        await refuses(socket, event, error, ...args);
      }
      if (name !== BYTES) assert.match(requestFault('join_room', args[0]) ?? '', /not as in/);
    });
  }

  test('of rooms that may not be joined, or are too many', async (t) => {
    const rooms = ['conversation:1', 'conversation:2'];
    const socket = await join(t, strict, { auth: { token: token({ id: 'u1', rooms }) } });
    const room = (roomId) => ({ roomType: 'conversation', roomId });
    await socket.join('conversation', 1);
    await refuses(socket, 'join_room', 'Too many rooms', room(2));
    await refuses(socket, 'join_room', 'Forbidden', room(3));
    await refuses(socket, 'typing', 'Not in room', room(2));
  });

  test('of joins that a service is asked about', async (t) => {
    const socket = await join(t, asking, { userId: 'u1' });
    const room = (roomId) => ({ roomType: 'conversation', roomId });
    service.say('broken', 500);
    await refuses(socket, 'join_room', 'Authorization unavailable', room('broken'));
    service.hold('slow');
    const cancelled = refuses(socket, 'join_room', 'Join cancelled', room('slow'));
    await service.isAsked('slow');
    await socket.ack('leave_room', room('slow'));
    await cancelled;
  });

  test('of a client that asks for too much', async (t) => {
    const socket = await join(t, strict, { userId: 'fast' });
    for (let i = 0; i < 20; i++) socket.socket.emit('leave_room', {});
    for (const event of Object.keys(ERRORS)) {
      await refuses(socket, event, 'Rate limit exceeded', {});
    }
  });

  test('of tokens', async (t) => {
    const socket = await join(t, edge, { userId: 'u1' });
    for (const [error, bad] of Object.entries(BAD_TOKENS)) {
      await refuses(socket, 'refresh_token', error, { token: bad });
    }
    await refuses(socket, 'refresh_token', 'Token belongs to another user',
      { token: token({ id: 'u2' }) });
    const known = await join(t, picky,
      { auth: { token: token({ id: 'u1', iss: 'right', aud: 'right' }) } });
    for (const [error, bad] of Object.entries(BAD_PARTIES)) {
      await refuses(known, 'refresh_token', error, { token: bad });
    }
  });
});

describe('refusals', () => {
  const refused = async (t, to, expected, options) => {
    const error = await client(t, to, options).refusal();
    assert.equal(error, expected);
    note('ConnectRefused', error);
  };

  for (const [to, tokens] of [[edge, BAD_TOKENS], [picky, BAD_PARTIES]]) {
    for (const [reason, bad] of Object.entries(tokens)) {
      test(reason, (t) =>
        refused(t, to, `Authentication error: ${reason}`, { auth: { token: bad } }));
    }
  }

  test('a user who is there too often', async (t) => {
    await join(t, strict, { userId: 'often' });
    await refused(t, strict, 'Too many connections', { userId: 'often' });
  });

  test('another namespace, and too many of them', async (t) => {
    const manager = (await join(t, strict, { userId: 'spaces' })).socket.io;
    for (let i = 0; i < 12; i++) {
      const error = await within('a refusal', new Promise((resolve) => {
        manager.socket(`/space-${i}`).on('connect_error', resolve);
      }));
      assert.equal(refusalFault(error), null);
      note('ConnectRefused', error.message);
    }
  });
});

describe('tokens that end', () => {
  test('the warning and the end', async (t) => {
    const socket = await join(t, edge, { auth: { token: token({ id: 'u1' }, { expiresIn: 5 }) } });
    await socket.next('token_expired');
  });

  test('nobody has a null user id in what others hear', async (t) => {
    const { which } = newConversation();
    const open = await made.addEdge({ ALLOW_AUTH_WITHOUT_JWT: 'true' });
    await open.ready();
    const member = await join(t, open, { userId: 'u1' });
    await member.ack('join_room', which);
    const nobody = watch(t, client(t, open));
    await nobody.connected();
    await nobody.ack('join_room', which);
    assert.strictEqual((await member.next('user_joined')).userId, null);
  });
});

// [name, routing key, body]: what the document takes must arrive, what it does not take is a dead
// letter (the helper that takes dead letters looks at the other half).
const TIME = '2024-11-17T10:00:00.000Z';
const nearBodies = (key, id) => [
  ['flat', { [id]: 'u1' }],
  ['wrapped with eventName', { eventName: key, data: { [id]: 'u1' }, timestamp: TIME, service: 's' }],
  ['wrapped with eventType', { eventType: key, data: { [id]: 'u1' }, timestamp: TIME, source: 's' }],
  ['with both names', { eventType: key, eventName: key, data: { [id]: 'u1' } }],
  ['with a name and no data', { eventName: key, [id]: 'u1' }],
  ['with a name and data that is a list', { eventName: key, [id]: 'u1', data: [] }],
  ['with a name that is no text', { eventName: 7, [id]: 'u1', data: {} }],
  ['wrapped, the room outside', { eventName: key, [id]: 'u1', data: {} }],
  ['wrapped twice', { eventName: key, data: { eventName: key, data: { [id]: 'u1' } } }],
  ['with data and no name', { data: { [id]: 'u1' } }],
  ['a room id that is a number', { [id]: 17 }],
  ['a room id with a fraction', { [id]: 1.5 }],
  ['a room id that is true', { [id]: true }],
  ['a room id that is a list', { [id]: ['u1'] }],
  ['a room id of 508 letters', { [id]: 'x'.repeat(508) }],
  ['a room id with a tab', { [id]: 'a\tb' }],
  ['an empty room id', { [id]: '' }],
  ['a room id null', { [id]: null }],
  ['nothing in it', {}],
  ['a list', [{ [id]: 'u1' }]],
  ['a text', 'u1'],
  ['null', null],
];
const bookings = [
  ['guestId alone', { guestId: 'u1' }],
  ['guestId beside a null', { userId: null, guestId: 'u1' }],
  ['guestId beside an empty text', { userId: '', guestId: 'u1' }],
  ['guestId beside a userId that is none', { userId: {}, guestId: 'u1' }],
  ['an empty guestId', { guestId: '' }],
];
const published = [
  ['message.sent', 'new_message', nearBodies('message.sent', 'conversationId')],
  ['booking.confirmed', 'booking_update',
    [...nearBodies('booking.confirmed', 'userId'), ...bookings]],
  ['notification.created', 'new_notification', nearBodies('notification.created', 'userId')],
];

async function comesOut(t, key, event, body) {
  const letter = publicationFault(key, body);
  const users = [await join(t, edge, { userId: 'u1' }), await join(t, edge, { userId: 17 })];
  for (const user of users) {
    await user.join('conversation', 'u1');
    await user.join('conversation', 17);
  }
  await services.publish(key, body);
  if (!letter) {
    await until('the event', () => users.some((user) => user.all(event).length > 0));
  } else {
    const { headers } = await services.deadLetter();
    note('DeadLetterHeaders', headers['x-reason']);
  }
}

for (const [key, event, bodies] of published) {
  describe(`${key}: what the document takes arrives, and only that`, () => {
    for (const [name, body] of bodies) {
      test(name, (t) => comesOut(t, key, event, JSON.stringify(body)));
    }
    test('no JSON', (t) => comesOut(t, key, event, '{"userId":'));
    test('a body that is too big', async () => {
      await services.publish(key, { conversationId: 'u1', userId: 'u1', text: 'x'.repeat(5000) });
      note('DeadLetterHeaders', (await services.deadLetter()).headers['x-reason']);
    });
  });
}

describe('order.updated: several rooms', () => {
  for (const [name, watchers, reason] of [
    ['no list', 'u1', 'the member for several room ids is no list'],
    ['too many', Array.from({ length: 1001 }, (_, i) => i), 'the event has more than 1000 rooms'],
  ]) {
    test(name, async () => {
      await services.publish('order.updated', { watchers });
      const { headers } = await services.deadLetter();
      assert.equal(headers['x-reason'], reason);
      note('DeadLetterHeaders', reason);
    });
  }
});

describe('gateway.publish: rooms that it names', () => {
  for (const [name, body, reason] of [
    ['of no type', { rooms: ['order:1'], event: 'news' },
      'a room is of no type of the file, or has no id'],
    ['a name that is taken', { rooms: ['conversation:1'], event: 'connected' },
      'the name of the event is missing, too long, or taken'],
  ]) {
    test(name, async () => {
      await services.publish('gateway.publish', { ...body, data: {} });
      const { headers } = await services.deadLetter();
      assert.equal(headers['x-reason'], reason);
      note('DeadLetterHeaders', reason);
    });
  }
});

// ws-publish has samples of what the services send.
test('what services really send is what the document says of them', async (t) => {
  const queue = await services.channel.assertQueue('', { exclusive: true });
  for (const exchange of EXCHANGES) await services.channel.bindQueue(queue.queue, exchange, '#');
  const user = await join(t, edge, { userId: 'u1' });
  await user.join('conversation', 42);
  const data = {};
  for (const [kind, key, event] of [['message', 'message.sent', 'new_message'],
    ['booking', 'booking.confirmed', 'booking_update'],
    ['notification', 'notification.created', 'new_notification']]) {
    const { code, stdout, stderr } = await run(built('ws-publish'), ['--sample', kind, '--user', 'u1'],
      { env: brokerSettings(brokers) });
    assert.equal(code, 0, stdout + stderr);
    const message = await until('the sample', () => services.channel.get(queue.queue, { noAck: true }));
    assert.equal(message.fields.routingKey, key);
    assert.equal(publicationFault(key, message.content), null);
    data[kind] = JSON.parse(message.content).data;
    await user.next(event);
  }
  assert.equal(schemaFault('MessageOfMessageService', data.message), null);
  assert.equal(schemaFault('BookingOfBookingService', data.booking), null);
  await services.channel.deleteQueue(queue.queue);
});

describe('between relay and edges', () => {
  test('heartbeats', async () => {
    const control = await until('a heartbeat', () => heard('ws:control')[0]);
    const { heartbeat, ...rest } = decode('Control', control);
    assert.deepEqual(rest, {});
    assert.equal(schemaFault('Heartbeat', heartbeat), null);
  });

  const envelopeOf = (bytes) => {
    const envelope = decode('Envelope', bytes);
    return { ...envelope, args: envelope.args.toString() };
  };

  test('everything on the bus, and in the log', async () => {
    const logged = await redis.sendCommand(['XRANGE', 'ws:log:{0}', '-', '+'],
      { returnBuffers: true });
    const entries = logged.map(([, [field, bytes]]) => {
      assert.equal(field.toString(), 'e');
      return envelopeOf(bytes);
    });
    const envelopes = heard('ws:bus:{0}').map(envelopeOf);
    assert.ok(entries.length > 20 && envelopes.length > entries.length,
      `${entries.length} in the log, ${envelopes.length} on the bus`);
    for (const envelope of [...entries, ...envelopes]) {
      assert.equal(schemaFault('Envelope', envelope), null);
      assert.equal(eventFault(envelope.event, JSON.parse(`[${envelope.args}]`)), null);
    }
    for (const entry of entries) assert.ok(entry.position.epoch > 0 && entry.id);
  });

  const tell = (command) => {
    const [[name, value]] = Object.entries(command);
    const schema = contract.channels.control.messages[name].$ref.split('/').at(-1);
    assert.equal(schemaFault(schema[0].toUpperCase() + schema.slice(1), value), null);
    return redis.publish('ws:control', encode('Control', command));
  };

  test('a kick ends every socket of the user, for good', async (t) => {
    const kicked = io(edge.url, { forceNew: true, auth: { token: token({ id: 'bad' }) } });
    t.after(() => kicked.disconnect());
    const other = await join(t, edge, { userId: 'good' });
    await within('a connection', new Promise((resolve) => { kicked.on('connected', resolve); }));
    const reason = within('the end', new Promise((resolve) => { kicked.on('disconnect', resolve); }));
    await tell({ kick: { user: 'bad' } });
    assert.equal(await reason, 'io server disconnect');
    assert.strictEqual(kicked.active, false);
    assert.deepEqual(other.disconnects, []);
  });

  test('a revoke ends the sockets that have an older token', async (t) => {
    const [older, newer] = await Promise.all([-60, 60].map((seconds) => join(t, edge,
      { auth: { token: token({ id: 'issued', iat: nowSeconds() + seconds }) } })));
    await tell({ revoke: { user: 'issued', at_ms: Date.now(), until_ms: Date.now() + 60_000, ask: 9 } });
    await until('the older to be gone', () => !older.socket.connected);
    assert.deepEqual(newer.disconnects, []);
    const kicked = await until('the answer', () => heard('ws:control')
      .map((bytes) => decode('Control', bytes).kicked).find((said) => said?.ask === 9));
    assert.equal(schemaFault('Kicked', kicked), null);
  });

  test('a leave takes the sockets of a user out of a room', async (t) => {
    const { which, name } = newConversation();
    const leaver = await join(t, edge, { userId: 'leaver' });
    const stays = await join(t, edge, { userId: 'stays' });
    for (const one of [leaver, stays]) await one.ack('join_room', which);
    await tell({ leave: { user: 'leaver', room: name } });
    assert.equal((await stays.next('user_left')).userId, 'leaver');
    await refuses(leaver, 'typing', 'Not in room', which);
  });

  test('a drain ends the edge that it names, and no other', async () => {
    await tell({ drain: { edge: 'leaving' } });
    assert.deepEqual(await within('the end', leaving.child.exited), { code: 0, signal: null });
    assert.ok(edge.child.running && strict.child.running);
  });
});

describe('all that the document names was seen', () => {
  test('events', () => {
    assert.deepEqual(EVENTS_TO_CLIENTS.filter((name) => !seen.events.has(name)), []);
  });

  for (const name of [...new Set(Object.values(ERRORS)), 'ConnectRefused', 'DeadLetterHeaders']) {
    test(`the words of ${name}`, () => {
      const [words] = Object.values(contract.components.schemas[name].properties)
        .map((schema) => schema.enum).filter(Boolean);
      assert.deepEqual(words.filter((word) => !seen.errors.get(name)?.has(word)), []);
    });
  }
});
