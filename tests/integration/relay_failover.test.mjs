// How long it takes until the relay that stood by is active, and what the edges say meanwhile. The
// figures are printed.
//
// Runs alone: the other relay must take over within 2 s.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';
import { assertOnceWithin, timeUntil } from './support/limits.mjs';
import { sleep, until } from './support/wait.mjs';

const ROUNDS = 5;
const LIMIT_MS = 2000;

const made = await gateway();
const { edge } = made;
const relays = [made.relay, await made.addRelay()];
await relays[1].ready();

const readiness = (process) => request(`${process.opsUrl}/ready`);

const says = async (relay, role) => (await readiness(relay)).body === `ok (${role})`;

// [the active one, the other], as they say themselves.
async function roles() {
  return until('one active, one standing by', async () => {
    for (const [one, other] of [relays, [...relays].reverse()]) {
      if (await says(one, 'active') && await says(other, 'standby')) return [one, other];
    }
    return undefined;
  });
}

// The time until the other one is active, and whether the edge was ready all the while.
async function failOver(other, end) {
  let alwaysReady = true;
  const ms = await timeUntil('the other to be active', async () => {
    await end?.();
    end = null;
    alwaysReady &&= (await readiness(edge)).status === 200;
    return says(other, 'active');
  });
  return { ms, alwaysReady };
}

async function measure(t, what, end) {
  const times = [];
  for (let round = 0; round < ROUNDS; round++) {
    times.push(...await assertOnceWithin(LIMIT_MS, async () => {
      const [active, other] = await roles();
      await sleep(200 * round); // at different moments of the second in which the other asks
      const { ms, alwaysReady } = await failOver(other, () => end(active));
      assert.ok(alwaysReady || ms > LIMIT_MS, 'the edge stayed ready');
      await active.start();
      return ms;
    }));
  }
  t.diagnostic(`${what}: ${times.join(', ')} ms`);
}

test('the metric says what readiness says', async () => {
  const [active, other] = await roles();
  assert.equal(await active.metric('ws_relay_active'), 1);
  assert.equal(await other.metric('ws_relay_active'), 0);
});

test('killed: within 2 s, and the edges stay ready', (t) =>
  measure(t, 'killed', (relay) => relay.kill()));

test('stopped: within 2 s, and the edges stay ready', (t) =>
  measure(t, 'stopped', (relay) => relay.stop()));

test('frozen: when RabbitMQ misses its heartbeats; until then the edges are not ready', async (t) => {
  const times = await assertOnceWithin(20_000, async () => {
    const [active, other] = await roles();
    const { ms, alwaysReady } = await failOver(other, () => active.child.signal('SIGSTOP'));
    active.child.signal('SIGCONT');
    assert.ok(!alwaysReady, 'edges notice that no relay is there');
    return ms;
  });
  t.diagnostic(`frozen: ${times.join(', ')} ms`);
  await edge.ready();
});
