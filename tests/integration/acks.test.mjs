// An answer is given exactly when the client asked for one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gateway } from './support/gateway.mjs';
import { joinedWebSocket } from './support/engineio.mjs';
import { token } from './support/tokens.mjs';
import { until } from './support/wait.mjs';

const { edge } = await gateway();

const joined = () => joinedWebSocket(edge.url, token({ id: 'u1' }));
const ROOM = '{"roomType":"conversation","roomId":"c1"}';

test('no ack wanted, nothing answered', async () => {
  const raw = await joined();
  for (const event of ['join_room', 'typing', 'stop_typing', 'leave_room']) {
    raw.send(`42["${event}",${ROOM}]`);
    raw.send(`42["${event}",{}]`);
    raw.send(`42["${event}"]`);
  }
  raw.send('42["refresh_token",{}]');
  raw.send('427["join_room",{}]');
  assert.equal(await raw.next(), '437[{"error":"Missing roomType or roomId"}]');
  raw.close();
});

test('the id of the ack comes back, zero and large ones too', async () => {
  const raw = await joined();
  for (const id of [0, 1, 42, 9007199254740991]) {
    raw.send(`42${id}["join_room",${ROOM}]`);
    assert.equal(await raw.next(),
      `43${id}[{"success":true,"message":"Joined room: conversation:c1"}]`);
  }
  raw.close();
});

test('every question has one answer, and those that wait for nothing keep their order', async () => {
  const raw = await joined();
  const waits = (id) => id % 2 === 1; // a join, until Redis has it
  for (let id = 0; id < 100; id++) raw.send(`42${id}["join_room",${waits(id) ? ROOM : '{}'}]`);
  const answered = [];
  for (let i = 0; i < 100; i++) answered.push(Number(/^43(\d+)\[/.exec(await raw.next())[1]));
  assert.equal(new Set(answered).size, 100);
  const others = answered.filter((id) => !waits(id));
  assert.deepEqual(others, [...others].sort((a, b) => a - b));
  raw.close();
});

test('unknown events are ignored, with an ack never answered, and counted', async () => {
  const raw = await joined();
  const unknown = () => edge.metric('ws_edge_events_unknown_total');
  const before = await unknown();
  raw.send('42["no_such_event",{"a":1}]');
  raw.send('425["no_such_event"]');
  raw.send('426["Join_Room",{}]');
  raw.send('427["toString"]');
  raw.send('428["join_room",{}]');
  assert.equal(await raw.next(), '438[{"error":"Missing roomType or roomId"}]');
  await until('the counter', async () => (await unknown()) === before + 4);
  raw.close();
});

test('acks that nobody asked for are ignored', async () => {
  const raw = await joined();
  raw.send('430[1]');
  raw.send('4399[]');
  raw.send('428["join_room",{}]');
  assert.match(await raw.next(), /^438/);
  raw.close();
});
