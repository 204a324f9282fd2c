// GET /metrics on the client port: JSON, and Prometheus text for who asks for it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertPrometheus } from './support/prometheus.mjs';
import { connect } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';
import { until } from './support/wait.mjs';

const made = await gateway();
const { edge } = made;
const withoutRooms = await made.addEdge({ METRICS_ROOMS: 'false' });
const without = await made.addEdge({ METRICS_ENABLED: 'false' });
await made.ready();

const metrics = (of = edge, Accept = undefined) =>
  request(`${of.url}/metrics`, { headers: Accept ? { Accept } : {} });

/** Who asks often gets what was written less than a second ago. */
const settled = async (of = edge) => {
  await sleep(1000);
  return (await metrics(of)).json();
};

const empty = () => until('no sockets', async () =>
  (await metrics()).json().connectedSockets === 0);

test('nobody is there', async () => {
  const answer = await metrics();
  assert.equal(answer.status, 200);
  assert.match(answer.headers['content-type'], /^application\/json/);
  assert.deepStrictEqual(answer.json(), { connectedSockets: 0, rooms: [], totalRooms: 0 });
});

test('sockets and rooms are counted, and gone when they are gone', async (t) => {
  const first = await connect(t, edge, { userId: 'u1' });
  const second = await connect(t, edge, { userId: 'u1', transports: ['polling'] });
  const third = await connect(t, edge, { userId: 'u2' });
  await first.join('conversation', 'c1');
  await third.join('conversation', 'c1');
  await third.join('notification', 'n1');
  const { rooms, ...counts } = await settled();
  assert.deepStrictEqual(counts, { connectedSockets: 3, totalRooms: 4 });
  assert.deepEqual(rooms.sort(), ['conversation:c1', 'notification:n1', 'user:u1', 'user:u2']);
  for (const client of [first, second, third]) client.close();
  await empty();
  assert.deepStrictEqual(await settled(),
    { connectedSockets: 0, rooms: [], totalRooms: 0 });
});

test('a refused client is not counted', async (t) => {
  await empty();
  await connect(t, edge, { userId: 'u1' });
  await assert.rejects(connect(t, edge, { auth: { token: 'rubbish' } }));
  assert.equal((await settled()).connectedSockets, 1);
});

test('the list of rooms ends at 1000 names', async (t) => {
  await empty();
  const clients = await Promise.all(Array.from({ length: 11 }, (_, i) =>
    connect(t, edge, { userId: `u${i}` })));
  await Promise.all(clients.flatMap((client, i) => Array.from({ length: 100 }, (_, j) =>
    client.join('conversation', `${i}-${j}`))));
  const { rooms, totalRooms } = await settled();
  assert.equal(rooms.length, 1000);
  assert.equal(new Set(rooms).size, 1000);
  assert.equal(totalRooms, 11 * 100 + 11);
});

test('room names with quotes and letters of all sorts are proper JSON', async (t) => {
  await empty();
  const client = await connect(t, edge, { userId: 'u1' });
  await client.join('conversation', '"\\ 日本 \u2028');
  assert.ok((await settled()).rooms.includes('conversation:"\\ 日本 \u2028'));
});

test('METRICS_ROOMS=false names no room and still counts', async (t) => {
  const client = await connect(t, withoutRooms, { userId: 'u1' });
  await client.join('conversation', 'c1');
  const body = (await metrics(withoutRooms)).json();
  assert.equal(body.connectedSockets, 1);
  assert.equal(body.totalRooms, 2);
  assert.deepEqual(body.rooms ?? [], []);
});

for (const [NODE_ENV, METRICS_ROOMS, names] of [['production', '', false],
  ['production', 'true', true], ['test', '', true], ['test', 'false', false]]) {
  test(`NODE_ENV=${NODE_ENV} METRICS_ROOMS=${METRICS_ROOMS}`, async (t) => {
    const of = await made.addEdge({ NODE_ENV, METRICS_ROOMS });
    await of.ready();
    t.after(() => of.stop());
    await connect(t, of, { userId: 'u1' });
    assert.deepEqual((await metrics(of)).json().rooms, names ? ['user:u1'] : []);
    const text = (await metrics(of, 'text/plain')).body + (await request(`${of.opsUrl}/metrics`)).body;
    assert.ok(!text.includes('u1'), 'the user is named');
  });
}

test('it is written a few times a second, however often it is asked for', async (t) => {
  await empty();
  await sleep(2000);
  const seen = new Set();
  const client = await connect(t, edge, { userId: 'u1' });
  const began = Date.now();
  for (let i = 0; i < 60; i++) {
    await client.join('conversation', `often-${i}`);
    seen.add((await metrics()).body);
  }
  const seconds = (Date.now() - began) / 1000;
  assert.ok(seen.size <= 8 + 4 * seconds + 1, `${seen.size} times in ${seconds} s`);
  assert.ok(seconds < 10, 'too slow to see a limit');
  assert.equal((await settled()).totalRooms, 61);
});

test('METRICS_ENABLED=false turns it off', async () => {
  assert.equal((await metrics(without)).status, 404);
  assert.equal((await metrics(without, 'text/plain')).status, 404);
  assert.equal((await request(`${without.url}/health`)).status, 200);
});

describe('the Accept header decides on the format', () => {
  const json = [undefined, '*/*', 'application/json', 'application/json, text/plain;q=0.5'];
  for (const accept of json) {
    test(`JSON for ${accept}`, async () => {
      assert.match((await metrics(edge, accept)).headers['content-type'], /^application\/json/);
    });
  }

  const text = ['text/plain', 'text/plain; version=0.0.4',
    'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1'];
  for (const accept of text) {
    test(`Prometheus text for ${accept}`, async () => {
      const answer = await metrics(edge, accept);
      assert.equal(answer.status, 200);
      assert.match(answer.headers['content-type'], /^text\/plain/);
      assertPrometheus(answer.body);
    });
  }
});
