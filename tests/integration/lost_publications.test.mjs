// An edge whose subscription is cut reads what it missed from the log.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from './support/clients.mjs';
import { assertAllArrived, publishFlow } from './support/flow.mjs';
import { gateway } from './support/gateway.mjs';
import { joinedPolling } from './support/engineio.mjs';
import { command } from './support/redis.mjs';
import { Services } from './support/services.mjs';
import { token } from './support/tokens.mjs';
import { sleep, until } from './support/wait.mjs';

const { edges: [here, there], brokers } = await gateway({ edges: 2 });

const cutSubscriptions = () => command(brokers.redis.port, ['CLIENT', 'KILL', 'TYPE', 'pubsub']);
const cutEverything = async () => {
  await cutSubscriptions();
  await command(brokers.redis.port, ['CLIENT', 'KILL', 'TYPE', 'normal']);
};

for (const [name, cut] of [['subscriptions', cutSubscriptions], ['connections', cutEverything]]) {
  test(`${name} are cut every 50 messages: all, once, in order`, async (t) => {
    const clients = [
      await connect(t, here, { userId: 'u1' }),
      await connect(t, there, { userId: 'u2' }),
    ];
    for (const client of clients) await client.join('conversation', name);
    let cuts = 0;
    await publishFlow(brokers, {
      room: name,
      count: 500,
      pause: 5,
      disturb: async (number) => {
        if (number % 50 !== 0) return;
        cuts += 1;
        // On its own, so that messages are published before, during and after it.
        cut().catch(() => {});
      },
    });
    assert.equal(cuts, 10);
    await assertAllArrived(clients, 500);
    for (const client of clients) assert.deepEqual(client.disconnects, []);
  });
}

test('the last message before a quiet time is not forgotten', async (t) => {
  const client = await connect(t, here, { userId: 'u1' });
  await client.join('conversation', 'quiet');
  for (let round = 0; round < 5; round++) {
    await Promise.all([
      cutSubscriptions(),
      publishFlow(brokers, { room: `quiet`, count: 1 }),
    ]);
  }
  for (let round = 0; round < 5; round++) await client.next('new_message');
});

// What was missed comes from the log as fast as Redis gives it; a client of a long way takes what
// its outbox holds only then.
test('who polls slowly is not overrun by what was missed', async () => {
  const MISSED = 700;
  const BODY = 'x'.repeat(2000); // together more than an outbox may hold
  const raw = await joinedPolling(here.url, token({ id: 'far away' }));
  const services = await Services.connect(brokers);
  const logged = () => command(brokers.redis.port, ['XLEN', 'ws:log:{0}']);
  const before = await logged();
  here.child.process.kill('SIGSTOP');
  await cutSubscriptions();
  for (let first = 0; first < MISSED; first += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, i) => services.publish(
      'booking.confirmed', { bookingId: first + i, userId: 'far away', status: BODY })));
  }
  await until('all to be logged', async () => await logged() >= before + MISSED);
  here.child.process.kill('SIGCONT');
  const bookings = [];
  await until('all that was missed', async () => {
    const packets = await raw.poll();
    for (const packet of packets) {
      if (packet.startsWith('42["booking_update"')) {
        bookings.push(JSON.parse(packet.slice(2))[1].bookingId);
      }
    }
    if (packets.includes('2')) await raw.post('3');
    await sleep(200);
    return bookings.length >= MISSED;
  }, 60_000);
  assert.deepEqual(bookings, Array.from({ length: MISSED }, (_, i) => i));
  assert.ok(await here.metric('ws_edge_log_pauses_total') > 0);
  await services.close();
});
