// ws-edge --asyncapi prints the document of the gateway file that is loaded.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { Parser } from '@asyncapi/parser';
import Ajv from 'ajv';
import { load } from 'js-yaml';
import { run } from './support/child.mjs';
import { built } from './support/gateway.mjs';

const cwd = await mkdtemp(join(tmpdir(), 'asyncapi-own-'));
after(() => rm(cwd, { recursive: true, force: true }));

async function written(name, content) {
  const path = join(cwd, name);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

async function print(file, routes) {
  const env = {};
  if (file) env.GATEWAY_FILE = await written('gateway.json', file);
  if (routes) env.EVENT_ROUTES_FILE = await written('routes.json', routes);
  return run(built('ws-edge'), ['--asyncapi'], { cwd, env });
}

// Where null is meant.
const NULLS = ['address', 'const', 'default', 'enum', 'examples'];

// A text in `{ … }` without quotes ends at a comma, and its rest becomes a member without a value.
function emptyMembers(value, path) {
  if (value === null) return [path.join('/')];
  if (typeof value !== 'object') return [];
  return Object.entries(value).filter(([key]) => !NULLS.includes(key))
    .flatMap(([key, inner]) => emptyMembers(inner, [...path, key]));
}

async function documentOf(file, routes) {
  const { code, stdout, stderr } = await print(file, routes);
  assert.equal(code, 0, stderr);
  const document = load(stdout);
  assert.deepEqual(emptyMembers(document, []), []);
  return document;
}

// The same, and the official parser, which takes its time, has nothing against it.
async function validDocumentOf(file, routes) {
  const document = await documentOf(file, routes);
  const { diagnostics } = await new Parser().parse(JSON.stringify(document));
  assert.deepEqual(diagnostics.filter(({ severity }) => severity <= 1)
    .map(({ path, message }) => `${path.join('/')}: ${message}`), []);
  return document;
}

// Says whether a value is as the schema of this name.
function judge(document) {
  const ajv = new Ajv({ strict: false, validateFormats: false });
  ajv.addSchema(document, 'own.yaml', undefined, false);
  return (name, value) => ajv.validate({ $ref: `own.yaml#/components/schemas/${name}` }, value);
}

const shop = {
  rooms: {
    order: { join: 'service', url: 'http://order-service:4005', path: '/api/orders/{id}' },
    'v1.lobby': { join: 'open', announce: false },
    team: { join: 'none', onConnect: 'team:{claims.teamId}', presence: true, announceCount: true },
  },
  users: { presence: true, events: { exchange: 'people', disconnected: 'user.gone' } },
  publish: true,
  events: [
    { routingKey: 'order.updated', rooms: ['order:{orderId}', 'user:{watchers[]}'],
      event: 'order_update', fields: ['orderId', { name: 'state', default: 'new' }] },
    { routingKey: 'order.paid', room: 'order:{orderId|id}', event: 'order_update',
      fields: [{ name: 'state', value: { paid: true } }, { name: 'at', time: true }] },
    { routingKey: 'member.removed', leave: { user: '{userId}', room: 'team:{teamId}' } },
    { routingKey: 'member.added', join: { user: '{userId}', room: 'team:{teamId}' } },
    { routingKey: 'room.noted', room: '*', event: 'note', fields: ['text'] },
    { routingKey: 'user.banned', disconnect: { user: '{userId}' } },
  ],
  clientEvents: {
    drawing: { room: true, as: 'user_drawing', maxBytes: 77, perSecond: 3 },
    erasing: { room: true, as: 'user_drawing' },
    location: { publish: { exchange: 'fleet', routingKey: 'client.location' } },
  },
};

describe('a file of one’s own', async () => {
  const document = await validDocumentOf(shop);
  const { messages, schemas } = document.components;
  const is = judge(document);

  test('has its types of rooms, and who may join', () => {
    assert.deepEqual(schemas.RoomType.oneOf.map((type) => type.const), ['order', 'v1.lobby', 'team']);
    const [order, lobby, team] = schemas.RoomType.oneOf.map(({ description }) => description);
    assert.match(order, /service lets in/);
    assert.match(lobby, /^Any client may join; the others are not told/);
    assert.match(team, /cannot ask to join.*`teamId`/);
    assert.ok(is('RoomJoined', { success: true, message: 'Joined room: v1.lobby:7' }));
    for (const room of ['team:7', 'v1xlobby:7', 'conversation:7']) {
      assert.ok(!is('RoomJoined', { success: true, message: `Joined room: ${room}` }), room);
    }
  });

  test('has the bodies that the relay takes', () => {
    assert.deepEqual(document.components.parameters.routingKey.enum,
      [...shop.events.map(({ routingKey }) => routingKey).sort(), 'gateway.publish']);
    for (const [key, body, taken] of [
      ['order.updated', { orderId: 1 }, true],
      ['order.updated', { watchers: ['u1'] }, true],
      ['order.updated', { state: 'new' }, false],
      ['order.paid', { orderId: '', id: '7' }, true],
      ['order.paid', { orderId: true, id: '7' }, false],
      ['order.paid', { eventName: 'order.paid', data: { id: '7' } }, true],
      ['member.removed', { userId: 'u1', teamId: 2 }, true],
      ['member.removed', { userId: 'u1' }, false],
      ['user.banned', { userId: 'u1' }, true],
      ['user.banned', {}, false],
      ['room.noted', {}, true],
      ['gateway.publish', { rooms: ['team:1', '*'], event: 'e', data: 1 }, true],
      ['gateway.publish', { rooms: [], event: 'e' }, false],
    ]) {
      assert.equal(is(`published.${key}`, body), taken, `${key} ${JSON.stringify(body)}`);
    }
  });

  test('has the events that clients get, of all routes that lead to them', () => {
    assert.match(messages['event.order_update'].title,
      /`order:\{orderId\|id\}`; of `order:\{orderId\}` and `user:\{watchers\[\]\}`/);
    for (const [body, fits] of [
      [{ state: { paid: true }, at: 'now' }, true],
      [{ orderId: 1, state: 'new' }, true],
      [{ state: { paid: false }, at: 'now' }, false],
      [{ orderId: 1, state: 'new', further: 1 }, false],
    ]) {
      assert.equal(is('event.order_update', body), fits, JSON.stringify(body));
    }
    assert.ok(!('event.new_message' in messages));
  });

  test('says what events do to a user', () => {
    assert.match(messages['published.member.removed'].title,
      /`user:\{userId\}` is taken out of `team:\{teamId\}`/);
    assert.match(messages['published.user.banned'].title, /`user:\{userId\}` is disconnected/);
  });

  test('has the events of clients, with their limits, acks and errors', () => {
    assert.match(messages['sent.drawing'].description, /3 a second/);
    assert.match(schemas['sent.drawing'].properties.data.description, /77 bytes/);
    assert.match(schemas['sent.erasing'].properties.data.description, /1024 bytes/);
    const reply = document.operations['send.drawing'].reply.messages.map(({ $ref }) => $ref);
    assert.deepEqual(reply.map((ref) => ref.split('/').at(-1)), ['sentTold', 'sentRefused']);
    assert.ok(is('SentRefused', { error: 'Payload too large' }));
    assert.ok(is('SentRefused', { error: 'Not in room' }));
    assert.ok(!is('SentRefused', { error: 'something else' }));
    assert.ok(is('sent.drawing', { roomType: 'team', roomId: 1, data: [1] }));
    assert.ok(!is('sent.drawing', { roomType: 'conversation', roomId: 1 }));
    assert.ok(is('told.user_drawing', { socketId: 'a'.repeat(20), userId: null, room: 'team:1',
      timestamp: '2024-11-17T10:00:00.000Z', data: 1 }));
  });

  test('has every example as its schema says', () => {
    let count = 0;
    for (const [name, message] of Object.entries(messages)) {
      for (const { payload } of message.examples ?? []) {
        const schema = message.payload.$ref.split('/').at(-1);
        assert.ok(is(schema, payload), `${name}: ${JSON.stringify(payload)}`);
        count += name.startsWith('published.') || name.startsWith('event.');
      }
    }
    assert.equal(count, 2 * shop.events.length + 2);
  });

  test('has how many are in a room', () => {
    assert.equal(messages.roomCount.name, 'room_count');
    assert.ok(is('RoomCount', { room: 'team:1', count: 3, timestamp: '2024-11-17T10:00:00.000Z' }));
    assert.ok(document.operations.tellMembers.messages.some(({ $ref }) => $ref.endsWith('/roomCount')));
  });

  test('has what services are told of users', () => {
    const channel = document.channels['user.disconnected'];
    assert.equal(channel.address, 'user.gone');
    assert.equal(channel.bindings.amqp.exchange.name, 'people');
    assert.equal(document.operations['tell.user.connected'].action, 'send');
    assert.ok(is('UserEventForServices', { eventName: 'user.gone', data: { userId: '42' },
      userId: '42', timestamp: '2024-11-17T10:00:00.000Z', service: 'websocket-gateway' }));
  });

  test('has what services are told by clients', () => {
    assert.equal(document.channels['uplink.location'].address, 'client.location');
    assert.equal(document.channels['uplink.location'].bindings.amqp.exchange.name, 'fleet');
    assert.equal(messages['sent.location'].title, 'Goes to services');
    assert.ok(is('ClientEventForServices', { eventName: 'location', data: 1, userId: 'u1',
      socketId: 'a'.repeat(20), timestamp: '2024-11-17T10:00:00.000Z', service: 'websocket-gateway' }));
    assert.ok(!Object.keys(document.channels).includes('uplink.drawing'));
  });

  test('has nothing that only HomeTrip has', () => {
    assert.deepEqual(Object.keys(schemas).filter((name) => /HomeTrip|OfMessageService|OfBooking/
      .test(name)), []);
  });
});

describe('with routes of EVENT_ROUTES_FILE', () => {
  const route = (routingKey, room, event) => ({ routingKey, room, event, fields: ['n'] });

  test('they stand beside those of a file, or in their place', async () => {
    const { components } = await documentOf(shop, { routes: [
      route('order.shipped', 'order:{id}', 'order_shipped'),
      route('order.paid', 'team:{id}', 'order_paid')] });
    assert.deepEqual(components.parameters.routingKey.enum,
      [...shop.events.map(({ routingKey }) => routingKey), 'order.shipped'].sort()
        .concat('gateway.publish'));
    assert.match(components.messages['event.order_shipped'].title, /`order:\{id\}`/);
    assert.match(components.messages['published.order.paid'].title, /order_paid in `team:/);
  });

  test('they stand beside the built-in ones', async () => {
    const { components } = await validDocumentOf(undefined, { routes: [
      route('order.shipped', 'conversation:{id}', 'order_shipped'),
      route('message.sent', 'user:{id}', 'told')] });
    assert.deepEqual(components.parameters.routingKey.enum,
      ['booking.confirmed', 'message.sent', 'notification.created', 'order.shipped']);
    const events = Object.keys(components.messages).filter((key) => key.startsWith('event.'));
    assert.deepEqual(events.sort(), ['event.booking_update', 'event.new_notification',
      'event.order_shipped', 'event.told']);
  });
});

describe('files that are unlike others', () => {
  test('without anything', async () => {
    const document = await validDocumentOf({});
    assert.ok(!judge(document)('RoomRequest', { roomType: 'a', roomId: 1 }));
    assert.ok(!('deliverEvents' in document.operations));
    assert.ok(!('roomCount' in document.components.messages));
    assert.ok(!('user.connected' in document.channels));
  });

  const HARD = {
    'quotes and colons': '"a": \'b\' {c}, [d] & e',
    'a hyphen like an escape': 'order-added',
    'letters beyond ASCII': 'größe 🚌',
    'characters that YAML refuses': '\u0080\u009f\u2028\ufeff\uffff',
    'a backslash': 'a\\b\\"c',
    'an at sign': '@a@',
    'a percent sign': '100%s %n',
  };
  const valueOf = (text) => ({ [text]: [text, 1.5, null, 'a  b'] });

  test('with names that are hard to write', async () => {
    const texts = Object.values(HARD);
    const { components } = await validDocumentOf({ events: texts.map((text) => (
      { routingKey: text, room: 'user:{u}', event: text,
        fields: ['plain', text, { name: 'v', value: valueOf(text) }] })) });
    assert.deepEqual(components.parameters.routingKey.enum, [...texts].sort((a, b) =>
      Buffer.compare(Buffer.from(a), Buffer.from(b))));
    for (const [name, text] of Object.entries(HARD)) {
      const [key] = Object.entries(components.messages)
        .find(([id, message]) => id.startsWith('event.') && message.name === text) ?? [];
      assert.ok(key, name);
      const { properties } = components.schemas[key];
      assert.deepEqual(Object.keys(properties), ['plain', text, 'v'], name);
      assert.deepEqual(properties.v.const, valueOf(text), name);
    }
  });

  test('names that are alike stay apart', async () => {
    const names = ['a b', 'a-20b', 'a.b', 'a_b', 'a-b', 'a/b'];
    const { components } = await documentOf({ events: names.map((event, i) => (
      { routingKey: event, room: 'user:{u}', event, fields: [`f${i}`] })) });
    assert.deepEqual(Object.keys(components.messages).filter((key) => key.startsWith('event.'))
      .map((key) => components.messages[key].name).sort(), [...names].sort());
  });

  test('a member that stands there twice', async () => {
    const { components } = await documentOf({ events: [{ routingKey: 'k', room: 'user:{u}',
      event: 'e', fields: ['a', { name: 'a', value: 1 }] }] });
    assert.equal(components.schemas['event.e'].properties.a.const, 1);
  });

  test('JSON over several lines', async () => {
    const { components } = await documentOf(`{"events":[{"routingKey":"k","room":"user:{u}",
      "event":"e","fields":[{"name":"a","value":{\n\t"b" : [\n 1 ]\n}}]}]}`);
    assert.deepEqual(components.schemas['event.e'].properties.a.const, { b: [1] });
  });

  test('one that is wrong is refused as at the start', async () => {
    const { code, stdout, stderr } = await print('{"rooms": 1}');
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.match(stderr, /gateway\.json:1: /);
  });
});
