// An edge that has more to write than it can holds events back, so that they share writes; an idle
// one never does.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { connect as connectTcp } from 'node:net';
import { test } from 'node:test';
import { connect } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { token } from './support/tokens.mjs';
import { until, within } from './support/wait.mjs';

const FEW = 20;
const CROWD = 300;
const BURST = 500;

const made = await gateway({ env: { MAX_SOCKETS_PER_USER: '0', MAX_OUTBOX_BYTES: '67108864' } });
const { edge, services } = made;
const impatient = await made.addEdge({ FLUSH_HOLD_MS: '0', MAX_OUTBOX_BYTES: '67108864' });
await made.ready();

function frame(text) {
  const bytes = Buffer.from(text);
  const head = Buffer.from([0x81, 0xfe, bytes.length >> 8, bytes.length & 255, 0, 0, 0, 0]);
  return Buffer.concat([head, bytes]);
}

// A client that is let in and then reads without a look at it, so that a crowd of them keeps up.
function reader(t, at, claims) {
  const socket = connectTcp(at.port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  socket.write(['GET /socket.io/?EIO=4&transport=websocket HTTP/1.1', 'Host: edge',
    'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`, '', ''].join('\r\n'));
  socket.write(frame(`40${JSON.stringify({ token: token(claims) })}`));
  return within('a reader', new Promise((resolve, reject) => {
    let heard = '';
    socket.on('close', () => reject(new Error(heard)));
    socket.on('data', function listen(bytes) {
      heard += bytes.toString('latin1');
      if (!heard.includes('42["connected"')) return;
      socket.off('data', listen).on('data', () => {});
      resolve(socket);
    });
  }));
}

async function crowd(t, at, userId, size = CROWD) {
  await Promise.all(Array.from({ length: size }, () => reader(t, at, { id: userId })));
  return connect(t, at, { userId });
}

let published = 0;
const publish = (userId) =>
  services.publish('notification.created', { userId, title: String(published++) });

const held = (at) => at.metric('ws_edge_flushes_held_total');
const saved = (at) => at.metric('ws_edge_writes_saved_total');

// Returns the frames that found another one in their write.
async function together(at) {
  return await at.metric('ws_edge_write_frames_sum') - await at.metric('ws_edge_write_frames_count');
}

function assertInOrder(client, first) {
  assert.deepEqual(client.all('new_notification').map(({ title }) => Number(title)),
    Array.from({ length: published - first }, (_, i) => first + i));
}

// How busy the edge is counts by the clock, so others on the machine may make it hold an event.
test('one event after the other: each is written at once', async (t) => {
  const first = published;
  const client = await crowd(t, edge, 'idle', FEW);
  await until('five that were not held', async () => {
    const before = await held(edge);
    for (let i = 0; i < 5; i++) {
      await publish('idle');
      await client.next('new_notification');
    }
    return await held(edge) === before;
  });
  assertInOrder(client, first);
  assert.equal(await saved(edge), 0);
});

// Floods until the condition is met.
async function flood(client, userId, isMet) {
  await until('an effect of the load', async () => {
    await Promise.all(Array.from({ length: BURST }, () => publish(userId)));
    return isMet();
  });
  return within('the last event', until('it', () =>
    client.all('new_notification').at(-1)?.title === String(published - 1)));
}

test('under load, events share writes, and all arrive in order', async (t) => {
  const first = published;
  const client = await crowd(t, edge, 'busy');
  await flood(client, 'busy', async () => await saved(edge) > 0);
  assertInOrder(client, first);
  assert.deepEqual(client.disconnects, []);
  assert.ok(await held(edge) > 0);
  assert.ok(await together(edge) >= await saved(edge));
});

test('FLUSH_HOLD_MS=0: never', async (t) => {
  const first = published;
  const client = await crowd(t, impatient, 'impatient');
  await flood(client, 'impatient', async () => client.all('new_notification').length >= 4 * BURST);
  assertInOrder(client, first);
  assert.equal(await held(impatient), 0);
  assert.equal(await saved(impatient), 0);
});
