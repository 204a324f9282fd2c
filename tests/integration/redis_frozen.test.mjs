// Redis stands still, or cannot be reached, without a word: how long programs say that they are ready.
//
// Runs alone: programs must notice within 4 s.
import { after, test } from 'node:test';
import { startBrokers } from './support/brokers.mjs';
import { gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';
import { assertOnceWithin, timeUntil } from './support/limits.mjs';
import { command } from './support/redis.mjs';
import { sleep } from './support/wait.mjs';
import { Wire, subscriptions } from './support/wire.mjs';

const FALSE_READY_MS = 4000; // 3 s without an answer, asked each second

const brokers = await startBrokers(['redis']);
const wire = await Wire.to(brokers.redis.port);
after(() => wire.close());
const env = { REDIS_PORT: String(wire.port) };
const made = await gateway({ brokers, env });
const standby = await made.addRelay();
await made.ready();

const readiness = (process) => request(`${process.opsUrl}/ready`);

// [name, what makes it stand still, what ends that, who says so]
const STANDSTILLS = [
  ['stopped', () => brokers.redis.child.signal('SIGSTOP'),
    () => brokers.redis.child.signal('SIGCONT'), () => [made.edge, made.relay, standby]],
  ['paused', () => command(brokers.redis.port, ['CLIENT', 'PAUSE', '5000', 'ALL']),
    () => {}, () => [made.edge, made.relay, standby]],
  ['paused for writes', () => command(brokers.redis.port, ['CLIENT', 'PAUSE', '5000', 'WRITE']),
    () => {}, () => [made.edge, made.relay]],
  ['cut off', () => wire.freeze(), () => wire.thaw(), () => [made.edge, made.relay, standby]],
  ['cut off for commands', () => wire.mute((pair) => !subscriptions(pair)), () => {},
    () => [made.edge]], // the relay has connected anew by then
];

for (const [name, begin, end, who] of STANDSTILLS) {
  test(`${name}: not ready within 4 s, and ready again`, (t) =>
    assertOnceWithin(FALSE_READY_MS, async () => {
      await made.ready();
      const began = performance.now();
      await begin();
      const times = await Promise.all(who().map((process) =>
        timeUntil('not ready', async () => (await readiness(process)).status === 503)));
      await sleep(Math.max(0, 5000 - (performance.now() - began)));
      await end();
      const healed = await timeUntil('readiness', () => made.ready().then(() => true));
      t.diagnostic(`${who().map(({ program }, i) => `${program} ${Math.round(times[i])}`).join(', ')}, `
        + `all ready again after ${Math.round(healed)} ms`);
      return Math.max(...times);
    }));
}
