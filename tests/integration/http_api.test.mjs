// The HTTP API: services without RabbitMQ publish events.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { API_KEY, Api, apiSettings, writeKeys } from './support/api.mjs';
import { connect } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { until } from './support/wait.mjs';

const OTHER_KEY = 'the-second-key-of-the-api';
const settings = await apiSettings();
const made = await gateway({ edges: 2, relayEnv: settings });
const [one, other] = made.edges;
const api = await Api.of(made.relay);

const booking = (userId, bookingId) => ({ userId, bookingId });

function assertError({ status, headers, json }, expected, code) {
  assert.equal(status, expected);
  assert.match(headers['content-type'], /^application\/json/);
  const { error } = json();
  assert.equal(error.code, code);
  assert.ok(error.message.length > 20, error.message);
}

test('an event that is published reaches clients on two edges, in order', async (t) => {
  const clients = [await connect(t, one, { userId: 'u1' }), await connect(t, other, { userId: 'u1' })];
  for (let i = 0; i < 20; i++) {
    const answer = await api.publish('booking.confirmed', booking('u1', `b${i}`));
    assert.equal(answer.status, 202, answer.body);
    const { messageId, routingKey } = answer.json();
    assert.equal(routingKey, 'booking.confirmed');
    assert.match(messageId, /^[\w-]{22}$/);
  }
  for (const client of clients) {
    await until('all events', () => client.all('booking_update').length === 20);
    assert.deepEqual(client.all('booking_update').map(({ bookingId }) => bookingId),
      Array.from({ length: 20 }, (_, i) => `b${i}`));
  }
});

test('nobody without a key learns more than that', async () => {
  for (const key of [null, '', 'x', `${API_KEY}x`, API_KEY.slice(0, -1), 'x'.repeat(5000)]) {
    for (const path of ['/', '/v1/events/booking.confirmed', '/v1/events/no.such.route']) {
      const answer = await api.with(key).ask('POST', path, booking('u2', 'b'));
      assertError(answer, 401, 'unauthorized');
      assert.equal(answer.headers['www-authenticate'], 'Bearer');
    }
  }
  assert.ok(await made.relay.metric(
    'ws_relay_api_requests_total{endpoint="other",status="401"}') >= 18);
});

test('an Idempotency-Key: sent twice, published once', async (t) => {
  const client = await connect(t, one, { userId: 'u4' });
  const named = (bookingId, key) =>
    api.publish('booking.confirmed', booking('u4', bookingId), { 'Idempotency-Key': key });
  const first = await named('b1', 'key/1');
  assert.equal(first.status, 202);
  assert.equal(first.json().messageId, 'key/1');
  const again = await named('b1', 'key/1');
  assert.equal(again.status, 202);
  assert.equal(again.body, first.body);
  assertError(await named('b2', 'key/1'), 422, 'idempotency_key_used');
  assert.equal((await named('b3', 'key/2')).status, 202);
  const all = await Promise.all(Array.from({ length: 5 }, () => named('b4', 'key/3')));
  for (const answer of all) assert.ok([202, 409].includes(answer.status), answer.body);
  assert.equal((await named('b5', 'key/4')).status, 202);
  await until('the last one', () => client.all('booking_update').at(-1)?.bookingId === 'b5');
  assert.deepEqual(client.all('booking_update').map(({ bookingId }) => bookingId),
    ['b1', 'b3', 'b4', 'b5']);
});

const REFUSED = [
  ['another path', 'POST', '/v2/events/message.sent', {}, {}, 404, 'not_found'],
  ['no routing key', 'POST', '/v1/events/', {}, {}, 404, 'not_found'],
  ['two parts', 'POST', '/v1/events/a/b', {}, {}, 404, 'not_found'],
  ['another method', 'GET', '/v1/events/message.sent', undefined, {}, 405, 'method_not_allowed'],
  ['no such route', 'POST', '/v1/events/no.such.route', {}, {}, 404, 'unknown_routing_key'],
  ['rooms without leave', 'POST', '/v1/events', { rooms: ['user:u1'], event: 'e' }, {}, 404,
    'unknown_routing_key'],
  ['a broken escape', 'POST', '/v1/events/message%2', {}, {}, 400, 'bad_path'],
  ['a NUL', 'POST', '/v1/events/message%00sent', {}, {}, 400, 'bad_path'],
  ['a long name', 'POST', `/v1/events/${'a'.repeat(256)}`, {}, {}, 400, 'bad_path'],
  ['a form', 'POST', '/v1/events/message.sent', 'a=1',
    { 'Content-Type': 'application/x-www-form-urlencoded' }, 415, 'unsupported_media_type'],
  ['no type', 'POST', '/v1/events/message.sent', '{}', { 'Content-Type': null }, 415,
    'unsupported_media_type'],
  ['a type that begins alike', 'POST', '/v1/events/message.sent', '{}',
    { 'Content-Type': 'application/jsonp' }, 415, 'unsupported_media_type'],
  ['chunks', 'POST', '/v1/events/message.sent', '{}', { 'Content-Length': null,
    'Transfer-Encoding': 'chunked' }, 411, 'length_required'],
  ['no body', 'POST', '/v1/events/message.sent', undefined, { 'Content-Length': '0' }, 422,
    'invalid_event'],
  ['no JSON', 'POST', '/v1/events/message.sent', '{', {}, 422, 'invalid_event'],
  ['no object', 'POST', '/v1/events/message.sent', '[]', {}, 422, 'invalid_event'],
  ['no room', 'POST', '/v1/events/message.sent', { message: 'x' }, {}, 422, 'invalid_event'],
  ['a blank in the Idempotency-Key', 'POST', '/v1/events/message.sent', { conversationId: 'c' },
    { 'Idempotency-Key': 'a b' }, 422, 'invalid_idempotency_key'],
  ['a long Idempotency-Key', 'POST', '/v1/events/message.sent', { conversationId: 'c' },
    { 'Idempotency-Key': 'a'.repeat(201) }, 422, 'invalid_idempotency_key'],
];

for (const [name, method, path, body, headers, status, code] of REFUSED) {
  test(`refused: ${name}`, async () => {
    assertError(await api.ask(method, path, body, headers), status, code);
  });
}

test('a body over MAX_EVENT_BYTES is refused before it is sent', async () => {
  const answer = await api.ask('POST', '/v1/events/message.sent', undefined,
    { 'Content-Length': String(4 * 1024 * 1024 + 1), 'Content-Type': 'application/json' })
    .catch((error) => error);
  // The client may meet the end of the connection first.
  if (answer instanceof Error) assert.match(answer.code, /ECONNRESET|EPIPE/);
  else assertError(answer, 413, 'too_large');
});

test('keys are read again when their file changes, and a wrong file changes nothing', async () => {
  const second = api.with(OTHER_KEY);
  const event = booking('u3', 'b');
  assert.equal((await second.publish('booking.confirmed', event)).status, 401);
  await writeKeys(settings.API_KEY_FILE, [`test ${API_KEY}`, `second ${OTHER_KEY}`]);
  await until('the second key', async () =>
    (await second.publish('booking.confirmed', event)).status === 202);
  assert.equal((await api.publish('booking.confirmed', event)).status, 202);

  await writeKeys(settings.API_KEY_FILE, ['short']);
  await made.relay.logs(/refused what was read again.*keys of the HTTP API.*line 1/);
  assert.equal((await second.publish('booking.confirmed', event)).status, 202);

  await writeKeys(settings.API_KEY_FILE, [OTHER_KEY]);
  process.kill(made.relay.child.pid, 'SIGHUP');
  await until('the first key to be gone', async () =>
    (await api.publish('booking.confirmed', event)).status === 401);
  assert.equal((await second.publish('booking.confirmed', event)).status, 202);
  await writeKeys(settings.API_KEY_FILE, [`test ${API_KEY}`]);
  await until('the first key', async () =>
    (await api.publish('booking.confirmed', event)).status === 202);
  assert.doesNotMatch(made.relay.log, new RegExp(`${API_KEY}|${OTHER_KEY}|short`));
});
