// The times and sizes that a session is given, and their settings.
import assert from 'node:assert/strict';
import { connect as connectTcp } from 'node:net';
import { describe, test } from 'node:test';
import { RawPolling, RawWebSocket, joinedPolling } from './support/engineio.mjs';
import { gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';
import { token } from './support/tokens.mjs';
import { sleep, until, within } from './support/wait.mjs';

const TIMEOUT = 2000; // ms, in which a machine may stand still before it has said what is in time

const made = await gateway();
const { edge, services } = made;
const strict = await made.addEdge({
  PING_INTERVAL: '12345',
  PING_TIMEOUT: '23456',
  MAX_PAYLOAD: '2000',
});
const [connecting, upgrading, reading] = await Promise.all(
  ['CONNECT_TIMEOUT', 'UPGRADE_TIMEOUT', 'HEAD_TIMEOUT'].map((name) =>
    made.addEdge({ [name]: String(TIMEOUT) })));
await made.ready();

// What is begun ends, but not before the timeout.
async function assertTakesTimeout(what, begin) {
  const began = Date.now();
  const value = await within(what, begin());
  const took = Date.now() - began;
  assert.ok(took >= TIMEOUT - 10, `${what} after ${took} ms already`);
  return value;
}

test('the defaults stand in the handshake', async () => {
  const { handshake } = await RawPolling.open(edge.url);
  const { sid, ...rest } = handshake;
  assert.match(sid, /^[\w-]{20,}$/);
  assert.deepEqual(rest,
    { upgrades: ['websocket'], pingInterval: 25_000, pingTimeout: 60_000, maxPayload: 1_000_000 });
});

test('the settings stand in the handshake', async () => {
  const { handshake } = await RawPolling.open(strict.url);
  assert.equal(handshake.pingInterval, 12_345);
  assert.equal(handshake.pingTimeout, 23_456);
  assert.equal(handshake.maxPayload, 2000);
});

describe('timeouts', { concurrency: true }, () => {
  test('CONNECT_TIMEOUT: who connects to no namespace is closed (WebSocket)', async () => {
    await assertTakesTimeout('the end', async () =>
      (await RawWebSocket.open(connecting.url)).closed);
  });

  test('CONNECT_TIMEOUT: who connects to no namespace is closed (polling)', async () => {
    const { polling, packets } = await assertTakesTimeout('the end', async () => {
      const opened = await RawPolling.open(connecting.url);
      return { polling: opened, packets: await opened.poll() };
    });
    assert.deepEqual(packets, ['1']);
    assert.equal((await polling.pollRaw()).status, 400);
  });

  test('CONNECT_TIMEOUT: who is connected stays', async () => {
    const polling = await joinedPolling(connecting.url, token({ id: 'patient' }));
    await sleep(TIMEOUT * 2);
    await services.publish('booking.confirmed', { bookingId: 'b1', userId: 'patient' });
    assert.match(await polling.pollFor('42'), /"b1"/);
    await polling.post('1');
  });

  test('UPGRADE_TIMEOUT: a probe that goes no further is closed, polling goes on', async () => {
    const polling = await joinedPolling(upgrading.url, token({ id: 'probing' }));
    await assertTakesTimeout('the end of the probe', async () => {
      const probe = await RawWebSocket.open(upgrading.url, { sid: polling.sid });
      probe.send('2probe');
      assert.equal(await probe.next(), '3probe');
      return probe.closed;
    });
    await services.publish('booking.confirmed', { bookingId: 'b1', userId: 'probing' });
    assert.match(await polling.pollFor('42'), /"b1"/);
    await polling.post('1');
  });

  for (const [name, bytes] of [
    ['nothing', ''],
    ['half a request line', 'GET /socket.io/?EIO=4'],
    ['a head without its end', 'GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: 1\r\n'],
  ]) {
    test(`HEAD_TIMEOUT: a connection that sends ${name} is closed`, async (t) => {
      await assertTakesTimeout('the end', () => {
        const socket = connectTcp(reading.port, '127.0.0.1');
        t.after(() => socket.destroy());
        socket.on('error', () => {});
        socket.resume();
        socket.write(bytes);
        return new Promise((resolve) => { socket.on('close', resolve); });
      });
    });
  }
});

test('MAX_PAYLOAD: a POST of that size is taken, a larger one is 413', async () => {
  const polling = await joinedPolling(strict.url, token({ id: 'large' }));
  const event = (size) => {
    const frame = '420["join_room",{"x":""}]';
    return frame.replace('""', `"${'x'.repeat(size - frame.length)}"`);
  };
  assert.equal((await polling.post(event(2000))).status, 200);
  assert.match(await polling.pollFor('430'), /Missing/);
  assert.equal((await polling.post(event(2001))).status, 413);
});

test('MAX_PAYLOAD: a larger WebSocket message ends the session', async () => {
  const raw = await RawWebSocket.open(strict.url);
  raw.send(`40{"token":"${'x'.repeat(2001)}"}`);
  await within('the end', raw.closed);
});

test('a head over 16 KB is refused and does not wait for its end', async () => {
  const answer = await request(`${edge.url}/health`, { headers: { 'X-Large': 'x'.repeat(20_000) } })
    .then(({ status }) => status, () => 0);
  assert.ok(answer === 0 || (answer >= 400 && answer < 500), `status ${answer}`);
  await until('the edge', async () => (await request(`${edge.url}/health`)).status === 200);
});
