// Two relays: one works, one waits, and takes over when the first is gone or frozen.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QUEUES } from './support/brokers.mjs';
import { connect } from './support/clients.mjs';
import { assertAllArrived, assertFlowSurvives, publishFlow } from './support/flow.mjs';
import { gateway } from './support/gateway.mjs';
import { until } from './support/wait.mjs';

const made = await gateway();
const { edge, brokers, services } = made;

// The one that works is started first; the other finds the queues taken.
const first = made.relay;
const second = await made.addRelay();
await second.ready();

test('only one of them consumes', async () => {
  for (const queue of QUEUES) {
    assert.equal((await services.channel.checkQueue(queue)).consumerCount, 1);
  }
});

test('the first is killed: the second goes on, all, once, in order', async (t) => {
  await assertFlowSurvives(t, made, 'killed', () => first.kill());
  await first.start();
  await first.ready();
});

test('the second ends in peace: the first goes on', async (t) => {
  await assertFlowSurvives(t, made, 'ended', () => second.stop());
  await second.start();
  await second.ready();
});

test('one is frozen and wakes up later: the other goes on, nothing comes twice', async (t) => {
  // The first is active again by now.
  await assertFlowSurvives(t, made, 'frozen', async () => first.child.signal('SIGSTOP'));
  first.child.signal('SIGCONT');
  const client = await connect(t, edge, { userId: 'u1' });
  await client.join('conversation', 'thawed');
  await publishFlow(brokers, { room: 'thawed', count: 200 });
  await assertAllArrived([client], 200);
  // It has seen that its time was over: it waits again, or has ended for a new start.
  await until('one consumer', async () =>
    (await services.channel.checkQueue(QUEUES[0])).consumerCount === 1);
  if (!first.child.running) await first.start();
  await first.ready();
});
