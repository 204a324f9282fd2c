// A client that does not read is let go; the others do not notice.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNumbered } from './support/asserts.mjs';
import { connect, newConversation } from './support/clients.mjs';
import { joinedPolling, joinedWebSocket } from './support/engineio.mjs';
import { gateway } from './support/gateway.mjs';
import { token } from './support/tokens.mjs';
import { until } from './support/wait.mjs';

const { edge, services } = await gateway({
  env: { MAX_OUTBOX_BYTES: '200000', LOG_LEVEL: 'debug' },
});

// Publishes messages of 100 kB to a room until told to stop; returns how many.
async function publishUntil(room, done) {
  let number = 0;
  while (!await done()) {
    assert.ok(number < 600, 'sixty megabytes did not fill the client');
    await services.publish('message.sent',
      { conversationId: room.id, message: number, recipientId: 'x'.repeat(100_000) });
    number += 1;
  }
  return number;
}

const slowClosed = () => edge.metric('ws_edge_sessions_closed_total{reason="slow consumer"}');

async function closesSlowOne(t, open) {
  const room = newConversation();
  const before = await slowClosed();
  const healthy = await connect(t, edge, { userId: 'healthy' });
  await healthy.join('conversation', room.id);
  const slow = await open(`42["join_room",${JSON.stringify(room.which)}]`);
  await healthy.next('user_joined');
  const count = await publishUntil(room, async () => (await slowClosed()) > before);
  assert.equal((await healthy.next('user_left')).userId, 'slow');
  await until('all messages', () => healthy.all('new_message').length >= count);
  assertNumbered(healthy.all('new_message').map(({ message }) => message), count);
  assert.deepEqual(healthy.disconnects, []);
  assert.equal(await slowClosed(), before + 1);
  await edge.logs(/session closed session=\S+ reason=\\"slow consumer\\"/);
  return slow;
}

test('a WebSocket client that stops reading', async (t) => {
  const slow = await closesSlowOne(t, async (join) => {
    const raw = await joinedWebSocket(edge.url, token({ id: 'slow' }));
    raw.send(join);
    raw.socket.pause();
    return raw;
  });
  slow.socket.resume();
  await slow.closed;
});

test('a polling client that never polls', async (t) => {
  const slow = await closesSlowOne(t, async (join) => {
    const raw = await joinedPolling(edge.url, token({ id: 'slow' }));
    await raw.post(join);
    return raw;
  });
  const late = await slow.pollRaw();
  assert.equal(late.status, 400);
  assert.deepEqual(late.json(), { code: 1, message: 'Session ID unknown' });
});

test('one message larger than the bound still arrives', async (t) => {
  const client = await connect(t, edge, { userId: 'u1' });
  const title = 'x'.repeat(500_000);
  await services.publish('notification.created', { userId: 'u1', title });
  assert.equal((await client.next('new_notification')).title.length, title.length);
});
