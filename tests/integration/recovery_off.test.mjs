// RECOVERY_WINDOW=0 is the gateway from before there was recovery: what goes over the wire and what
// stands in Redis, written down from that release.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RawWebSocket, webSocketUrl } from './support/engineio.mjs';
import { gateway } from './support/gateway.mjs';
import { command } from './support/redis.mjs';
import { token } from './support/tokens.mjs';
import { sleep } from './support/wait.mjs';

const made = await gateway({ env: { RECOVERY_WINDOW: '0', EDGE_ID: 'e' } });
const { edge, services, brokers } = made;

const BEFORE = {
  webSocket: [
    '0{"sid":"…","upgrades":[],"pingInterval":25000,"pingTimeout":60000,'
      + '"maxPayload":1000000}',
    '40{"sid":"…"}',
    '42["connected",{"socketId":"…","userId":"u1",'
      + '"message":"Connected to WebSocket Gateway"}]',
    '430[{"success":true,"message":"Joined room: conversation:c1"}]',
    '42["new_message",{"conversationId":"c1","message":1,"timestamp":"time"}]',
    '42["booking_update",{"bookingId":"b1","status":"confirmed",'
      + '"type":"booking_confirmed","timestamp":"time"}]',
    '431[{"success":true}]',
    '432[{"success":true,"message":"Left room: conversation:c1"}]',
  ],
  polling: [
    '0{"sid":"…","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":60000,'
      + '"maxPayload":1000000}',
    'ok',
    '40{"sid":"…"}\x1e42["connected",{"socketId":"…","userId":"u2",'
      + '"message":"Connected to WebSocket Gateway"}]',
  ],
  redis: [
    'ws:acked hash',
    'ws:edge-list hash',
    'ws:edges:e hash',
    'ws:log:{0} stream',
    'ws:speaker hash',
    'channel ws:bus:{0}',
    'channel ws:control',
    'channel ws:echo:e',
  ],
};

// Without what is another one each time.
const masked = (text) => text
  .replace(/"(sid|socketId)":"[\w-]{20,22}"/g, '"$1":"…"')
  .replace(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, '"time"');

async function talk(t) {
  const said = [];
  const raw = new RawWebSocket(webSocketUrl(edge.url));
  t.after(() => raw.close());
  const hear = async (start) => said.push(masked(await raw.nextFor(start)));
  await hear('0');
  raw.send(`40${JSON.stringify({ token: token({ id: 'u1' }), pid: 'A'.repeat(22), offset: '1-1' })}`);
  await hear('40');
  await hear('42["connected"');
  raw.send('420["join_room",{"roomType":"conversation","roomId":"c1"}]');
  await hear('430');
  await services.publish('message.sent', { conversationId: 'c1', message: 1 });
  await hear('42["new_message"');
  await services.publish('booking.confirmed', { bookingId: 'b1', userId: 'u1' });
  await hear('42["booking_update"');
  raw.send('421["typing",{"roomType":"conversation","roomId":"c1"}]');
  await hear('431');
  raw.send('422["leave_room",{"roomType":"conversation","roomId":"c1"}]');
  await hear('432');
  raw.send('41');
  await sleep(200);
  return said;
}

async function poll() {
  const url = `${edge.url}/socket.io/?EIO=4&transport=polling`;
  const opened = await (await fetch(url)).text();
  const { sid } = JSON.parse(opened.slice(1));
  const post = await fetch(`${url}&sid=${sid}`, { method: 'POST',
    body: `40${JSON.stringify({ token: token({ id: 'u2' }) })}` });
  return [opened, await post.text(), await (await fetch(`${url}&sid=${sid}`)).text()].map(masked);
}

async function stored() {
  const redis = (...args) => command(brokers.redis.port, args);
  const keys = (await redis('KEYS', '*')).sort();
  const types = await Promise.all(keys.map(async (key) => `${key} ${await redis('TYPE', key)}`));
  const channels = (await redis('PUBSUB', 'CHANNELS', '*')).sort();
  return [...types, ...channels.map((channel) => `channel ${channel}`)];
}

test('the same bytes, and the same keys', async (t) => {
  assert.deepEqual({ webSocket: await talk(t), polling: await poll(), redis: await stored() }, BEFORE);
});
