// WS_COMPRESSION: official clients offer permessage-deflate by themselves.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNumbered } from './support/asserts.mjs';
import { connect, newConversation } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { until } from './support/wait.mjs';

const { edge, services } = await gateway({ env: { WS_COMPRESSION: 'true' } });

const opened = () => edge.metric('ws_edge_websockets_compressed_total');
const saved = () => edge.metric('ws_edge_compression_saved_bytes_total');
const sent = () => edge.metric('ws_edge_sent_bytes_total');

const TEXT = 'The flat by the harbour is free from Friday. '.repeat(100);
const withoutOffer = { perMessageDeflate: false };

test('large events arrive whole, and in fewer bytes', async (t) => {
  const [openedBefore, savedBefore, sentBefore] = [await opened(), await saved(), await sent()];
  const client = await connect(t, edge, { userId: 'u1' });
  assert.equal(await opened(), openedBefore + 1);
  await services.publish('notification.created', { userId: 'u1', title: TEXT });
  assert.equal((await client.next('new_notification')).title, TEXT);
  assert.ok(await saved() - savedBefore > TEXT.length * 0.9);
  assert.ok(await sent() - sentBefore < TEXT.length * 0.2);
});

test('of one room some take compressed packets and some do not', async (t) => {
  const room = newConversation();
  const before = await opened();
  const compressing = await connect(t, edge, { userId: 'with' });
  const plain = await connect(t, edge, { userId: 'without', ...withoutOffer });
  assert.equal(await opened(), before + 1);
  for (const client of [compressing, plain]) await client.join('conversation', room.id);
  const count = 200;
  await Promise.all(Array.from({ length: count }, (_, message) => services.publish('message.sent', {
    conversationId: room.id, message, recipientId: message % 3 ? TEXT : 'short' })));
  for (const client of [compressing, plain]) {
    await until('all messages', () => client.all('new_message').length >= count);
    const messages = client.all('new_message');
    assertNumbered(messages.map(({ message }) => message), count);
    assert.ok(messages.every(({ message, recipientId }) =>
      recipientId === (message % 3 ? TEXT : 'short')));
  }
});

test('large events of the client', async (t) => {
  const client = await connect(t, edge, { userId: 'u2' });
  const answer = await client.ack('join_room',
    { roomType: 'conversation', roomId: 'x', padding: TEXT.repeat(100) });
  assert.equal(answer.success, true);
});

test('a client that comes by polling first', async (t) => {
  const before = await opened();
  const client = await connect(t, edge, { userId: 'u3', transports: ['polling', 'websocket'] });
  await until('the upgrade', () => client.transport === 'websocket');
  assert.equal(await opened(), before + 1);
  await services.publish('notification.created', { userId: 'u3', title: TEXT });
  assert.equal((await client.next('new_notification')).title, TEXT);
});
