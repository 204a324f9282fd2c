// An edge dies in mid-flow: who is connected to another one does not notice.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from './support/clients.mjs';
import { assertAllArrived, numbersOf, publishFlow } from './support/flow.mjs';
import { gateway } from './support/gateway.mjs';
import { until } from './support/wait.mjs';

const { edges: [living, dying], brokers, services } = await gateway({ edges: 2 });

const COUNT = 400;
const comesBack = { reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 200 };

for (const [name, end] of [['kill -9', () => dying.kill()], ['SIGTERM', () => dying.stop()]]) {
  test(`${name}: clients of the living edge miss nothing, the others come back`, async (t) => {
    const room = name;
    const stays = await connect(t, living, { userId: 'u1' });
    const polls = await connect(t, living, { userId: 'u2', transports: ['polling'] });
    const falls = await connect(t, dying, { userId: 'u3', ...comesBack });
    for (const client of [stays, polls, falls]) await client.join('conversation', room);
    let ended;
    await publishFlow(brokers, {
      room,
      count: COUNT,
      disturb: async (number) => {
        if (number === 100) {
          await until('messages in flight', () => numbersOf(falls).length > 0);
          ended = end();
        }
        if (number === 250) {
          await ended;
          await dying.start();
        }
      },
    });
    await assertAllArrived([stays, polls], COUNT);
    for (const client of [stays, polls]) assert.deepEqual(client.disconnects, []);

    await until('the return', () => falls.socket.connected);
    await falls.join('conversation', room);
    await services.publish('message.sent', { conversationId: room, message: 'back' });
    await until('a message after the return', () => numbersOf(falls).includes('back'));
    // What it got of the flow is in order and nothing twice, whatever it missed while it was away.
    const numbers = numbersOf(falls).filter((message) => message !== 'back');
    assert.deepEqual(numbers, [...new Set(numbers)].sort((a, b) => a - b));
  });
}

test('a fresh edge does not replay what is old', async (t) => {
  const client = await connect(t, dying, { userId: 'u9' });
  await client.join('conversation', 'kill -9');
  await services.publish('message.sent', { conversationId: 'kill -9', message: 'new' });
  await client.next('new_message');
  assert.deepEqual(numbersOf(client), ['new']);
});
