// The connection that takes dead letters falls silent while TCP goes on: a flow that a balancer has
// forgotten. It is given up, and the letters go over another one.
//
// Runs alone: an event must arrive within a second.
import assert from 'node:assert/strict';
import { connect as dial, createServer } from 'node:net';
import { test } from 'node:test';
import { DEAD_LETTERS, sharedBrokers } from './support/brokers.mjs';
import { connect } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';
import { assertOnceWithin } from './support/limits.mjs';
import { until } from './support/wait.mjs';

const NAME = 'websocket-gateway relay, dead letters'; // what the relay tells the broker

// In front of RabbitMQ: reads from connections for letters, once they are to be silent, and passes
// nothing on.
const flows = new Set();
const proxy = createServer((client) => {
  const flow = { isForLetters: false, silent: false };
  const server = dial(sharedBrokers().rabbitmq.port, '127.0.0.1');
  flows.add(flow);
  client.on('data', (bytes) => {
    flow.isForLetters ||= bytes.includes(NAME);
    if (!flow.silent) server.write(bytes);
  });
  server.on('data', (bytes) => { if (!flow.silent) client.write(bytes); });
  for (const [one, other] of [[client, server], [server, client]]) {
    one.on('error', () => {});
    one.on('close', () => other.destroy());
  }
});
await new Promise((resolve) => { proxy.listen(0, '127.0.0.1', resolve); });

const { edge, relay, services } = await gateway({
  relayEnv: { RABBITMQ_PORT: String(proxy.address().port) },
});
test.after(() => proxy.close());

// Returns how long the living waited.
async function fallSilent(t, room) {
  const user = await connect(t, edge, { userId: 'u1' });
  await user.join('conversation', room);
  const confirmed = () => relay.metric('ws_relay_dead_letters_confirmed_total');
  const before = await confirmed();
  await services.publish('message.sent', 'bad 1');
  assert.equal((await services.deadLetter()).body, 'bad 1');
  await until('the confirm', async () => await confirmed() === before + 1);
  const forLetters = [...flows].filter(({ isForLetters, silent }) => isForLetters && !silent);
  assert.equal(forLetters.length, 1);
  forLetters[0].silent = true;

  const started = performance.now();
  await services.publish('message.sent', 'bad 2');
  await services.publish('message.sent', { conversationId: room, message: 'good' });
  assert.equal((await user.next('new_message')).message, 'good');
  const waited = performance.now() - started;
  await until('a relay that says so', async () =>
    (await request(`${relay.opsUrl}/ready`)).body === 'dead letters cannot be put aside');
  await until('the letter', async () => (await services.waiting(DEAD_LETTERS)) > 0);
  const took = performance.now() - started;
  assert.equal((await services.deadLetter()).body, 'bad 2');
  await relay.ready();
  await relay.logs(/what=\\"dead letters\\" reason=\\"the broker does not confirm them/);
  t.diagnostic(`${Math.round(took)} ms until the letter was put aside`);
  return took < 15_000 ? waited : Infinity;
}

test('a letter goes over another connection within 15 s, and the living do not wait', async (t) => {
  const rooms = ['c1', 'c2', 'c3'];
  await assertOnceWithin(999, () => fallSilent(t, rooms.shift()));
});
