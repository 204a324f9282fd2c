// ws-dead-letters: letters are shown, sent again and dropped, and none is lost, whatever happens.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { DEAD_LETTERS } from './support/brokers.mjs';
import { Child, run } from './support/child.mjs';
import { connect, newConversation } from './support/clients.mjs';
import { brokerSettings, built, gateway } from './support/gateway.mjs';
import { nestedHeader, publishRaw } from './support/raw_publish.mjs';
import { until } from './support/wait.mjs';

// Everything over 1 KB is a dead letter, until a relay comes that takes more.
const made = await gateway({ relayEnv: { MAX_EVENT_BYTES: '1024' } });
const { edge, services, brokers } = made;
const channel = await services.connection.createChannel();

const env = brokerSettings(brokers);
const tool = (...args) => run(built('ws-dead-letters'), args, { env });
const lines = (text) => text.split('\n').filter(Boolean).map((line) => JSON.parse(line));

async function ok(...args) {
  const { code, stdout, stderr } = await tool(...args);
  assert.equal(code, 0, stderr);
  return { letters: lines(stdout), told: stderr };
}

const waiting = () => services.waiting(DEAD_LETTERS);
const arrivesInQueue = (count) =>
  until(`${count} letters`, async () => (await waiting()) === count);

const TOO_BIG = 'the body is over MAX_EVENT_BYTES';
const NO_ROOM = 'the room id is missing';

// Puts a letter where the relay puts them.
function put(headers, body = '{}', properties = {}) {
  channel.sendToQueue(DEAD_LETTERS, Buffer.from(body), { persistent: true, headers, ...properties });
}

const letterOf = (reason, key = 'message.sent', exchange = 'hometrip_events', age = 0) => ({
  'x-reason': reason,
  'x-original-routing-key': key,
  'x-original-exchange': exchange,
  'x-failed-at': new Date(Date.now() - age).toISOString(),
});

// Binds a queue as another service would, and reads what comes to it.
async function otherService(t, key) {
  const { queue } = await channel.assertQueue('', { exclusive: true });
  await channel.bindQueue(queue, 'hometrip_events', key);
  const got = [];
  const { consumerTag } = await channel.consume(queue, (message) => got.push(message),
    { noAck: true });
  t.after(() => channel.cancel(consumerTag));
  return got;
}

// Ends the relay that finds everything too big, so that one with the usual limit takes over.
async function relayThatTakesMore(t) {
  await made.relay.stop();
  const relay = await made.addRelay({ MAX_EVENT_BYTES: '100000' });
  await relay.ready();
  t.after(async () => {
    await relay.stop();
    await made.relay.start();
    await made.relay.ready();
  });
}

beforeEach(async () => {
  await channel.assertQueue(DEAD_LETTERS, { durable: true });
  await channel.purgeQueue(DEAD_LETTERS);
});

test('list shows what the relay wrote, without bodies unless asked', async () => {
  const bad = JSON.stringify({ message: 'a very secret text' });
  await services.publish('message.sent', bad, { messageId: 'id-1', exchange: 'hometrip-events' });
  await arrivesInQueue(1);
  const { letters: [letter], told } = await ok('list');
  const { failedAt, ...rest } = letter;
  assert.deepEqual(rest, { id: 'id-1', reason: NO_ROOM, routingKey: 'message.sent',
    exchange: 'hometrip-events', bytes: bad.length });
  assert.ok(Math.abs(Date.parse(failedAt) - Date.now()) < 60_000);
  assert.match(told, /1 letters, 1 looked at, 1 shown/);
  const { letters: [open] } = await ok('list', '--show-body');
  assert.equal(open.body, bad);
  await arrivesInQueue(1);
});

test('filters choose, and what they leave out keeps its place', async () => {
  put(letterOf(NO_ROOM), '{}', { messageId: 'a' });
  put(letterOf(TOO_BIG), '{}', { messageId: 'b' });
  put(letterOf(NO_ROOM, 'booking.confirmed'), '{}', { messageId: 'c' });
  put(letterOf(NO_ROOM, 'message.sent', 'hometrip', 2 * 3600_000), '{}', { messageId: 'd' });
  put({}, '{}', { messageId: 'e' });
  await arrivesInQueue(5);
  const ids = async (...args) => (await ok('list', ...args)).letters.map(({ id }) => id).join('');
  assert.equal(await ids(), 'abcde');
  assert.equal(await ids('--reason', 'room id'), 'acd');
  assert.equal(await ids('--routing-key', 'message.sent'), 'abd');
  assert.equal(await ids('--older-than', '1h'), 'd');
  assert.equal(await ids('--newer-than', '1h'), 'abc');
  assert.equal(await ids('--id', 'c'), 'c');
  assert.equal(await ids('--limit', '2'), 'ab');
  assert.equal(await ids('--reason', 'room id', '--limit', '2'), 'ac');
  assert.equal((await ok('drop', '--yes', '--id', 'b')).letters[0].outcome, 'dropped');
  assert.equal(await ids(), 'acde');
});

test('replay: the client gets the event, the letter is gone, headers tell', async (t) => {
  const room = newConversation();
  const user = await connect(t, edge, { userId: 'u1' });
  await user.join('conversation', room.id);
  const others = await otherService(t, 'message.sent');
  const body = { conversationId: room.id, message: 'x'.repeat(2000) };
  await services.publish('message.sent', body,
    { messageId: 'id-7', contentType: 'application/vnd.trip+json' });
  await arrivesInQueue(1);
  await relayThatTakesMore(t);
  const { letters, told } = await ok('replay');
  assert.deepEqual(letters.map(({ id, outcome }) => [id, outcome]), [['id-7', 'replayed']]);
  assert.match(told, /1 letters, 1 looked at, 1 replayed/);
  assert.equal((await user.next('new_message')).message, body.message);
  await arrivesInQueue(0);

  await until('the event twice', () => others.length === 2);
  const [first, again] = others;
  assert.ok(again.content.equals(first.content));
  assert.equal(again.fields.exchange, 'hometrip_events');
  assert.equal(again.fields.routingKey, 'message.sent');
  assert.equal(again.properties.messageId, 'id-7');
  assert.equal(again.properties.contentType, 'application/vnd.trip+json');
  assert.equal(again.properties.deliveryMode, 2);
  assert.equal(again.properties.headers['x-replayed-from'], 'dead-letter');
  assert.ok(Math.abs(Date.parse(again.properties.headers['x-replayed-at']) - Date.now()) < 60_000);
});

test('replay: all properties and headers that the event had are back', async (t) => {
  const others = await otherService(t, 'message.sent');
  const headers = {
    traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, tenant: 'eu', depth: { list: [1, [true, null]] },
  };
  const properties = {
    messageId: 'id-8', contentType: 'application/json', contentEncoding: 'gzip', priority: 2,
    correlationId: 'c-8', replyTo: 'answers', timestamp: 1700000000, type: 'MessageSent',
    appId: 'message-service', userId: 'guest', expiration: '600000',
  };
  await services.publish('message.sent', 'x'.repeat(2000),
    { ...properties, headers, CC: ['nobody.listens'] });
  await arrivesInQueue(1);
  await ok('replay');
  await until('the event twice', () => others.length === 2);
  const again = others[1].properties;
  for (const [name, value] of Object.entries(properties)) assert.equal(again[name], value, name);
  const { 'x-replayed-from': from, 'x-replayed-at': at, ...back } = again.headers;
  assert.deepEqual(back, { ...headers, CC: ['nobody.listens'] });
  assert.ok(from && at);
});

test('a letter whose event had no message id has one of its own', async () => {
  put(letterOf(NO_ROOM), '{"n":1}');
  put(letterOf(NO_ROOM), '{"n":2}');
  await arrivesInQueue(2);
  const ids = async () => (await ok('list')).letters.map(({ id }) => id);
  const [one, two] = await ids();
  assert.match(one, /^letter-[0-9a-f]{32}$/);
  assert.notEqual(one, two);
  assert.equal((await ok('drop', '--yes', '--id', one)).letters[0].id, one);
  assert.deepEqual(await ids(), [two]);
  const others = await channel.assertQueue('', { exclusive: true });
  await channel.bindQueue(others.queue, 'hometrip_events', 'message.sent');
  await ok('replay', '--id', two);
  const { properties } = await until('the event', () => channel.get(others.queue, { noAck: true }));
  assert.equal(properties.messageId, undefined, 'the event has none still');
});

test('the beginning of a large event is not sent as if it were the event', async () => {
  await services.publish('message.sent', 'x'.repeat(100_000), { messageId: 'large\u001b[2J' });
  await arrivesInQueue(1);
  assert.equal((await ok('list')).letters[0].bytes, 100_000);
  const { code, stderr } = await tool('replay');
  assert.equal(code, 1);
  assert.match(stderr, /letter "large\\u001b\[2J" has only the first 65536 bytes of its event's body/);
  await ok('drop', '--yes', '--id', 'large\u001b[2J');
});

for (const [name, kind, levels] of [
  ['lists in lists', 'A', 26_000], ['tables in tables without names', 'F', 20_800],
]) {
  test(`headers that are ${name}, with a stack of 1 MB`, async (t) => {
    await made.relay.stop();
    const small = (program, args = []) =>
      ['/bin/sh', ['-c', 'ulimit -s 1024; exec "$0" "$@"', built(program), ...args]];
    const relay = new Child(...small('ws-relay'),
      { name: 'ws-relay', env: made.relay.env, cwd: made.relay.dir });
    t.after(async () => {
      await relay.stop();
      await made.relay.start();
      await made.relay.ready();
    });
    await made.relay.ready.call({ ...made.relay, child: relay, opsUrl: made.relay.opsUrl });
    const other = await services.connection.createChannel();
    publishRaw(other, 'websocket.message.sent', nestedHeader(kind, levels), 'deep', 'not json');
    const isRefused = () => relay.output.includes('an event is refused for good');
    await until('a letter, or none', async () => isRefused() || (await waiting()) === 1);
    assert.ok(relay.running, relay.output);
    if (isRefused()) { // newer rabbitmq-c reads a hundred levels; the event must not come again
      await services.publish('message.sent', 'not json', { messageId: 'behind' });
      await until('the next letter', async () => (await waiting()) === 1);
      assert.equal((await ok('drop', '--yes', '--id', 'behind')).letters[0].id, 'behind');
      assert.ok(await made.relay.metric('ws_relay_unreadable_total') >= 1);
      await other.close();
      return;
    }
    for (const command of [['list'], ['drop', '--yes', '--id', 'deep']]) {
      const { code, stdout, stderr } = await run(...small('ws-dead-letters', command), { env });
      assert.equal(code, 0, stderr);
      assert.equal(lines(stdout)[0].id, 'deep');
    }
    await other.close();
  });
}

test('replay to the gateway only: no other service gets it again', async (t) => {
  const room = newConversation();
  const user = await connect(t, edge, { userId: 'u1' });
  await user.join('conversation', room.id);
  await services.publish('message.sent', { conversationId: room.id, message: 'y'.repeat(2000) });
  await arrivesInQueue(1);
  const others = await otherService(t, 'message.sent');
  await relayThatTakesMore(t);
  await ok('replay', '--gateway-only');
  assert.equal((await user.next('new_message')).message.length, 2000);
  await services.publish('message.sent', { conversationId: room.id, message: 'after' });
  await until('the event behind it', () => others.length > 0);
  assert.equal(JSON.parse(others[0].content).message, 'after');
});

test('what fails again comes back as a new letter, once', async () => {
  put(letterOf(NO_ROOM, 'message.sent', 'hometrip_events', 3600_000), '{"message":"x"}');
  await arrivesInQueue(1);
  const { letters: [old] } = await ok('list');
  const { letters } = await ok('replay');
  assert.equal(letters.length, 1, 'the new letter was replayed as well');
  await arrivesInQueue(1);
  const { letters: [fresh] } = await ok('list');
  assert.equal(fresh.reason, NO_ROOM);
  assert.ok(Date.parse(fresh.failedAt) > Date.parse(old.failedAt));
  // Sent to the gateway alone it comes back too, and can be sent once more.
  await ok('replay', '--gateway-only');
  await arrivesInQueue(1);
  assert.equal((await ok('list')).letters[0].reason, NO_ROOM);
  await ok('replay');
  await arrivesInQueue(1);
});

test('what cannot be routed stays, and is in nobody\'s way', async () => {
  put(letterOf(NO_ROOM, 'message.sent', 'no-such-exchange'), '{}', { messageId: 'a' });
  put(letterOf(NO_ROOM, 'no.such.key'), '{}', { messageId: 'b' });
  put({}, '{}', { messageId: 'c' });
  put(letterOf(NO_ROOM, 'k'.repeat(300)), '{}', { messageId: 'd' });
  put({ ...letterOf(NO_ROOM, 'no.such.key'), '': 'a header without a name' },
    'x'.repeat(300_000), { messageId: 'f' });
  put(letterOf(NO_ROOM), '{"message":"x"}', { messageId: 'e' });
  await arrivesInQueue(6);
  const { code, stdout, stderr } = await tool('replay');
  assert.equal(code, 1);
  assert.deepEqual(lines(stdout).map(({ id, outcome }) => `${id} ${outcome}`),
    ['a stays', 'b stays', 'c stays', 'd stays', 'f stays', 'e replayed']);
  assert.match(stderr, /no exchange 'no-such-exchange'/);
  assert.match(stderr, /no queue takes the routing key "no\.such\.key"/);
  assert.match(stderr, /does not say where its event was published/);
  assert.match(stderr, /6 letters, 6 looked at, 1 replayed/);
  assert.match(stderr, /5 stay in the queue/);
  await until('the letters', async () =>
    (await ok('list')).letters.map(({ id }) => id).join('') === 'abcdfe');
});

test('a dry run changes nothing; drop wants a yes', async () => {
  put(letterOf(NO_ROOM));
  await arrivesInQueue(1);
  assert.equal((await ok('replay', '--dry-run')).letters[0].outcome, 'would be replayed');
  assert.equal((await ok('drop', '--dry-run')).letters[0].outcome, 'would be dropped');
  const { code, stderr } = await tool('drop');
  assert.equal(code, 2);
  assert.match(stderr, /drop --yes/);
  await arrivesInQueue(1);
  await ok('drop', '--yes');
  await arrivesInQueue(0);
});

test('killed in the middle of a replay: every event arrives, at most one twice', async (t) => {
  const COUNT = 200;
  const room = newConversation();
  const user = await connect(t, edge, { userId: 'u1' });
  await user.join('conversation', room.id);
  for (let i = 0; i < COUNT; i++) {
    put(letterOf(TOO_BIG), JSON.stringify({ conversationId: room.id, message: i }));
  }
  await arrivesInQueue(COUNT);
  const numbers = () => user.all('new_message').map(({ message }) => message);
  let kills = 0;
  for (const part of [50, 100]) {
    const child = new Child(built('ws-dead-letters'), ['replay'], { env });
    await until('a part', () => numbers().length >= part || !child.running);
    kills += child.running ? 1 : 0;
    await child.kill();
  }
  assert.ok(kills > 0, 'it was too fast to be killed');
  // RabbitMQ puts the letters of one that was killed back when it notices.
  await until('all events', async () => {
    await ok('replay');
    return new Set(numbers()).size === COUNT;
  });
  assert.ok(numbers().length <= COUNT + kills, `${numbers().length} of ${COUNT}`);
  await arrivesInQueue(0);
});

test('another prefix, another queue; one that is not there has no letters, and that is well', async () => {
  const { code, stdout, stderr } = await run(built('ws-dead-letters'), ['list'],
    { env: { ...env, QUEUE_PREFIX: 'gateway.' } });
  assert.deepEqual([code, stdout], [0, '']);
  assert.match(stderr, /there is no queue gateway\.dead-letter/);
});
