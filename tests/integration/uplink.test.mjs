// Events of clients for services: what services get, what clients are answered, and where goes what
// RabbitMQ does not take.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { DEAD_LETTERS, sharedBrokers } from './support/brokers.mjs';
import { command } from './support/redis.mjs';
import { EXCHANGE, Fleet, driver, fileWith, publish } from './support/uplink.mjs';
import { until } from './support/wait.mjs';

const fast = { perSecond: 100 };
const env = {
  GATEWAY_FILE: await fileWith({
    location: { ...publish('client.location'), maxBytes: 1024, ...fast },
    rare: { ...publish('client.rare'), perSecond: 1 },
    drawing: { ...publish('client.drawing'), room: true, as: 'user_drawing', ...fast },
    lost: { ...publish('client.lost', 'no-such-exchange'), ...fast },
    step: { ...publish('full.step'), ...fast },
    unbound: { ...publish('nobody.wants.it'), ...fast },
  }),
  UPLINK_MAXLEN: '50',
};
const fleet = await (await Fleet.declare(sharedBrokers())).listen();
const made = await gateway({ edges: 2, env, relayEnv: { ...env } });
const [one, other] = made.edges;
const redis = (...args) => command(made.brokers.redis.port, args);
const ask = (client, event, ...args) => client.socket.timeout(30_000).emitWithAck(event, ...args);
const deadLetter = () => made.services.deadLetter({ judged: false });
const isEmpty = async () => await redis('XLEN', 'ws:uplink') === 0;
const DONE = { success: true };

const next = async (check) => until('a message', () => fleet.messages.find(check));

test('a service gets the data as it came, and who has sent it', async (t) => {
  const client = await driver(t, one, 'u1');
  const data = { lat: 52.5, big: 1e3, userId: 'forged', text: 'ü"\\', list: [null, { a: [] }] };
  assert.deepEqual(await ask(client, 'location', data), DONE);
  const { body, fields, properties } = await next(({ body: { userId } }) => userId === 'u1');
  const { timestamp, ...rest } = body;
  assert.deepEqual(rest, {
    eventName: 'location', data, userId: 'u1', socketId: client.id, service: 'websocket-gateway',
  });
  assert.match(timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.equal(fields.routingKey, 'client.location');
  assert.equal(properties.contentType, 'application/json');
  assert.equal(properties.deliveryMode, 2);
  assert.match(properties.messageId, /^\d+-\d+$/);
  await until('an empty stream', isEmpty);
  assert.equal(await redis('GET', 'ws:uplink:bytes'), null);
});

test('data of all kinds, and none, with and without an ack', async (t) => {
  const client = await driver(t, other, 'u2');
  const all = [0, -1.5, 'text', false, null, [], {}, [[1]]];
  for (const data of all) assert.deepEqual(await ask(client, 'location', data), DONE);
  assert.deepEqual(await ask(client, 'location'), DONE);
  client.socket.emit('location', 'without an ack');
  await until('all', () => fleet.numbers('u2').length === all.length + 2);
  assert.deepEqual(fleet.numbers('u2'), [...all, null, 'without an ack']);
});

test('to services and to a room', async (t) => {
  const [sender, member, stranger] = [await driver(t, one, 'u3'), await driver(t, other, 'u4'),
    await driver(t, one, 'u5')];
  const room = { roomType: 'lobby', roomId: 'main' };
  const drawing = { ...room, data: { line: [1, 2] } };
  assert.deepEqual(await ask(stranger, 'drawing', drawing), { error: 'Not in room' });
  for (const client of [sender, member]) await ask(client, 'join_room', room);
  assert.deepEqual(await ask(sender, 'drawing', drawing), DONE);
  assert.deepEqual((await member.next('user_drawing')).data, drawing.data);
  const { body } = await next(({ fields }) => fields.routingKey === 'client.drawing');
  assert.equal(body.room, 'lobby:main');
  assert.deepEqual(body.data, drawing.data);
  assert.equal(body.userId, 'u3');
});

test('too large, too fast, binary', async (t) => {
  const client = await driver(t, one, 'u6');
  assert.deepEqual(await ask(client, 'location', 'x'.repeat(1022)), DONE);
  assert.deepEqual(await ask(client, 'location', 'x'.repeat(1023)), { error: 'Payload too large' });
  assert.deepEqual(await ask(client, 'location', Buffer.from('a')),
    { error: 'Binary data is not supported' });
  const answers = await Promise.all(Array.from({ length: 5 }, () => ask(client, 'rare', 1)));
  assert.deepEqual(answers[0], DONE);
  assert.ok(answers.some(({ error }) => error === 'Too many events'));
});

test('what RabbitMQ does not take is a dead letter, and holds nobody up', async (t) => {
  const client = await driver(t, one, 'u7');
  for (const [event, reason] of [['lost', /no exchange 'no-such-exchange'/], ['unbound', /no queue/]]) {
    assert.deepEqual(await ask(client, event, event), DONE);
    assert.deepEqual(await ask(client, 'location', `after ${event}`), DONE);
    await until('the next one', () => fleet.numbers('u7').includes(`after ${event}`));
    const letter = await deadLetter();
    assert.match(letter.headers['x-reason'], reason);
    const { eventName, userId } = JSON.parse(letter.body);
    assert.deepEqual([eventName, userId], [event, 'u7']);
    assert.match(letter.message.properties.messageId, /^\d+-\d+$/);
  }
  const letters = (reason) =>
    made.relay.metric(`ws_relay_uplink_dead_letters_total{reason="${reason}"}`);
  assert.equal(await letters('closed'), 1);
  assert.equal(await letters('unroutable'), 1);
  // Known to be missing: no further channel is closed for it.
  for (let i = 0; i < 10; i++) assert.deepEqual(await ask(client, 'lost', i), DONE);
  await until('ten more', async () => await letters('closed') === 11);
  for (let i = 0; i < 10; i++) await deadLetter();
});

test('a foreign entry is a dead letter', async () => {
  await redis('XADD', 'ws:uplink', '*', 'x', '', 'k', 'websocket.message.sent', 'b', '{}');
  assert.match((await deadLetter()).headers['x-reason'], /malformed/);
});

test('what cannot be removed from Redis is not published again and again', async (t) => {
  const client = await driver(t, one, 'u16');
  const copies = () => fleet.messages.filter(({ body }) => body.userId === 'u16').length;
  const outages = () => made.relay.metric('ws_relay_uplink_redis_outages_total');
  const before = await outages();
  t.after(() => {
    made.relay.child.signal('SIGCONT');
    return redis('CONFIG', 'SET', 'min-replicas-to-write', '0');
  });
  made.relay.child.signal('SIGSTOP');
  for (let i = 0; i < 3; i++) assert.deepEqual(await ask(client, 'location', i), DONE);
  await redis('CONFIG', 'SET', 'min-replicas-to-write', '1');
  made.relay.child.signal('SIGCONT');
  await until('refusals', async () => await outages() >= before + 6);
  assert.ok(copies() <= 3, `${copies()} copies`);
  await redis('CONFIG', 'SET', 'min-replicas-to-write', '0');
  await until('an empty stream', isEmpty);
  assert.deepEqual(fleet.numbers('u16'), [0, 1, 2]);
});

test('the queue of dead letters was deleted: it is declared again', async (t) => {
  const client = await driver(t, one, 'u15');
  const { channel, connection } = made.services;
  await channel.deleteQueue(DEAD_LETTERS);
  assert.deepEqual(await ask(client, 'unbound', 'kept'), DONE);
  await until('the queue', async () => {
    const probe = await connection.createChannel(); // a missing queue closes it
    probe.on('error', () => {});
    return probe.checkQueue(DEAD_LETTERS);
  });
  assert.equal(JSON.parse((await deadLetter()).body).data, 'kept');
  assert.ok(await made.relay.metric('ws_relay_uplink_dead_letters_failed_total') > 0);
  await until('an empty stream', isEmpty);
});

test('full: an error at once, and nothing is trimmed', async (t) => {
  const client = await driver(t, one, 'u8');
  await made.relay.stop();
  for (let i = 0; i < 50; i++) assert.deepEqual(await ask(client, 'location', i), DONE);
  assert.deepEqual(await ask(client, 'location', 50), { error: 'Service overloaded' });
  assert.equal(await redis('XLEN', 'ws:uplink'), 50);
  assert.equal(await one.metric('ws_edge_uplink_refused_total{reason="full"}'), 1);
  await made.relay.start();
  await made.relay.ready();
  await until('all that was acked', () => fleet.numbers('u8').length === 50);
  assert.deepEqual(fleet.numbers('u8'), Array.from({ length: 50 }, (_, i) => i));
  await until('an empty stream', isEmpty);
  assert.deepEqual(await ask(client, 'location', 50), DONE);
});

test('a queue that is full: one user waits, others do not, and nothing is lost or out of order', async (t) => {
  const [waiting, quick] = [await driver(t, one, 'u11'), await driver(t, one, 'u12')];
  const { channel } = made.services;
  const { queue } = await channel.assertQueue('fleet.full', {
    exclusive: true, arguments: { 'x-max-length': 3, 'x-overflow': 'reject-publish' },
  });
  await channel.bindQueue(queue, EXCHANGE, 'full.#');
  const retries = () => made.relay.metric('ws_relay_uplink_retries_total');
  const before = await retries();
  for (let i = 0; i < 10; i++) assert.deepEqual(await ask(waiting, 'step', i), DONE);
  await until('a refusal', async () => await retries() > before);
  assert.deepEqual(await ask(quick, 'location', 'quick'), DONE);
  await until('another user', () => fleet.numbers('u12').length === 1);
  await until('seven that wait', async () => await redis('XLEN', 'ws:uplink') <= 7);
  const got = [], letters = []; // there are letters if all this has taken over 30 s
  await channel.consume(queue, ({ content }) => got.push(JSON.parse(content).data), { noAck: true });
  await until('all', async () => {
    const letter = await channel.get(DEAD_LETTERS, { noAck: true });
    if (letter) letters.push(JSON.parse(letter.content).data);
    return got.length + letters.length >= 10;
  });
  const inOrder = (numbers) => numbers.toSorted((a, b) => a - b);
  assert.deepEqual(got, inOrder(got));
  assert.deepEqual(inOrder([...got, ...letters]), Array.from({ length: 10 }, (_, i) => i));
  await until('an empty stream', isEmpty);
});

test('a backlog of one user for a full queue does not hold up another', async () => {
  const { channel } = made.services;
  const { queue } = await channel.assertQueue('', {
    exclusive: true, arguments: { 'x-max-length': 0, 'x-overflow': 'reject-publish' },
  });
  await channel.bindQueue(queue, EXCHANGE, 'full.#');
  await redis('EVAL', `for i = 1, 5000 do
    redis.call('XADD', KEYS[1], '*', 'x', ARGV[1], 'k', 'full.step', 'o', 'u13', 'b', '{}') end`,
  '1', 'ws:uplink', EXCHANGE);
  for (let i = 0; i < 3; i++)
    await redis('XADD', 'ws:uplink', '*', 'x', EXCHANGE, 'k', 'client.location', 'o', 'u14',
      'b', JSON.stringify({ userId: 'u14', data: i }));
  await until('another user', () => fleet.numbers('u14').length === 3);
  assert.deepEqual(fleet.numbers('u14'), [0, 1, 2]);
  assert.ok(await redis('XLEN', 'ws:uplink') > 0);
  await redis('DEL', 'ws:uplink', 'ws:uplink:bytes');
  await channel.deleteQueue(queue);
});

test('a client that goes without waiting for the answer', async (t) => {
  const client = await driver(t, one, 'u9');
  for (let i = 0; i < 20; i++) client.socket.emit('location', i, () => {});
  client.close();
  const last = await driver(t, one, 'u9');
  assert.deepEqual(await ask(last, 'location', 'last'), DONE);
  await until('the last', () => fleet.numbers('u9').includes('last'));
  const numbers = fleet.numbers('u9').slice(0, -1); // those that the edge had read before the end
  assert.deepEqual(numbers, numbers.map((_, i) => i));
  await until('no call', async () => await one.metric('ws_edge_uplink_pending') === 0);
});

test('without the file nothing of it is there', async (t) => {
  const plain = await made.addEdge({ GATEWAY_FILE: '' });
  await plain.ready();
  const client = await connect(t, plain, { userId: 'u10', judged: false });
  client.socket.emit('location', 1);
  await client.ack('typing', { roomType: 'conversation', roomId: '1' });
  assert.equal(await plain.metric('ws_edge_uplink_events_total'), 0);
  assert.equal(await plain.metric('ws_edge_uplink_pending'), 0);
});
