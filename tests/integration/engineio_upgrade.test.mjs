// Engine.IO 4 on the wire: a session goes over from long-polling to WebSocket.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { echoServer } from './support/echo_server.mjs';
import { RawPolling, RawWebSocket } from './support/engineio.mjs';
import { within } from './support/wait.mjs';

const url = await echoServer();

const PATH = '/engine.io/';
const openPolling = () => RawPolling.open(url, { path: PATH });
const openWebSocket = (options) => RawWebSocket.open(url, { path: PATH, ...options });

async function probed() {
  const polling = await openPolling();
  const raw = await openWebSocket({ sid: polling.sid });
  raw.send('2probe');
  assert.equal(await raw.next(), '3probe');
  return { polling, raw };
}

test('the session goes on over the WebSocket', async () => {
  const { raw } = await probed();
  raw.send('5');
  raw.send('4hello');
  assert.equal(await raw.nextFor('4'), '4hello');
  raw.close();
});

test('a poll that waits already is ended with a noop at the probe', async () => {
  const polling = await openPolling();
  const pending = polling.poll();
  const raw = await openWebSocket({ sid: polling.sid });
  raw.send('2probe');
  assert.deepEqual(await pending, ['6']);
  assert.equal(await raw.next(), '3probe');
  raw.send('5');
  raw.send('4x');
  assert.equal(await raw.nextFor('4'), '4x');
  raw.close();
});

test('a poll that comes after the probe is ended with a noop', async () => {
  const { polling, raw } = await probed();
  assert.deepEqual(await polling.poll(), ['6']);
  raw.send('5');
  raw.send('4x');
  assert.equal(await raw.nextFor('4'), '4x');
  raw.close();
});

test('what was sent by POST before it comes back behind it', async () => {
  const { polling, raw } = await probed();
  await polling.post('4one');
  raw.send('5');
  raw.send('4two');
  assert.equal(await raw.nextFor('4'), '4one');
  assert.equal(await raw.nextFor('4'), '4two');
  raw.close();
});

test('binary that waited becomes a binary message', async () => {
  const { polling, raw } = await probed();
  await polling.post('bAQIDBA==');
  raw.send('5');
  const message = await raw.next();
  assert.ok(Buffer.isBuffer(message), String(message));
  assert.deepEqual([...message], [1, 2, 3, 4]);
  raw.close();
});

test('polling is over afterwards', async () => {
  const { polling, raw } = await probed();
  raw.send('5');
  raw.send('4x');
  await raw.nextFor('4');
  const late = await polling.pollRaw();
  assert.equal(late.status, 400);
  assert.deepEqual(late.json(), { code: 3, message: 'Bad request' });
  raw.close();
});

test('a second WebSocket for an upgraded session gets nowhere', async () => {
  const { polling, raw } = await probed();
  raw.send('5');
  raw.send('4x');
  await raw.nextFor('4');
  const second = new RawWebSocket(
    `${url.replace('http', 'ws')}${PATH}?EIO=4&transport=websocket&sid=${polling.sid}`);
  await within('its end', second.closed);
  raw.send('4still');
  assert.equal(await raw.nextFor('4'), '4still');
  raw.close();
});

test('without a probe it does not happen', async () => {
  const polling = await openPolling();
  const raw = await openWebSocket({ sid: polling.sid });
  raw.send('4too early');
  await within('its end', raw.closed);
  await polling.post('4polling');
  assert.equal(await polling.pollFor('4'), '4polling');
});
