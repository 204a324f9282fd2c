// RABBITMQ_EXCHANGES: which exchanges the relay declares and binds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';

const { edge, services } = await gateway({
  relayEnv: { RABBITMQ_EXCHANGES: 'other_events, other.more' },
});

for (const exchange of ['other_events', 'other.more']) {
  test(`events of ${exchange} arrive`, async (t) => {
    await services.channel.assertExchange(exchange, 'topic', { durable: true });
    const client = await connect(t, edge, { userId: 'u1' });
    await services.publish('booking.confirmed', { bookingId: exchange, userId: 'u1' },
      { exchange });
    assert.equal((await client.next('booking_update')).bookingId, exchange);
  });
}

test('an exchange that is not listed is not bound', async (t) => {
  const client = await connect(t, edge, { userId: 'u1' });
  await services.channel.assertExchange('hometrip_events', 'topic', { durable: true });
  await services.publish('booking.confirmed', { bookingId: 'unbound', userId: 'u1' });
  await services.publish('booking.confirmed', { bookingId: 'bound', userId: 'u1' },
    { exchange: 'other_events' });
  assert.equal((await client.next('booking_update')).bookingId, 'bound');
});

test('another routing key reaches nobody and no queue', async (t) => {
  const client = await connect(t, edge, { userId: 'u1' });
  const event = { bookingId: 'cancelled', userId: 'u1' };
  await services.publish('booking.cancelled', event, { exchange: 'other_events' });
  await services.publish('booking.confirmed', { ...event, bookingId: 'last' },
    { exchange: 'other_events' });
  assert.equal((await client.next('booking_update')).bookingId, 'last');
});
