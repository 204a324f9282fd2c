// Numbered messages that keep flowing while something breaks.
import assert from 'node:assert/strict';
import { assertNumbered } from './asserts.mjs';
import { connect } from './clients.mjs';
import { Services } from './services.mjs';
import { sleep, until } from './wait.mjs';

const RECOVERY_MS = 45_000;
const AFTERMATH_MS = 200;

// Publishes `count` messages for a conversation, a few at a time, each confirmed; calls
// `disturb(number)` before each few. A publisher that loses its broker connects again and sends
// what was not confirmed once more, as a service would. Returns the numbers that it sent again:
// they are in their right to come twice. Messages that are not `named` have no message-id.
export async function publishFlow(brokers, {
  room, count, pause = 10, few = 10, named = true, disturb = () => {},
}) {
  let services = await Services.connect(brokers);
  const again = [];
  for (let first = 0; first < count; first += few) {
    await disturb(first);
    let missing = Array.from({ length: Math.min(few, count - first) }, (_, i) => first + i);
    while (missing.length > 0) {
      const left = await publishAll(services, { room, named }, missing);
      if (left.length > 0) {
        again.push(...left);
        await services.close();
        services = await until('the broker', () => Services.connect(brokers), RECOVERY_MS);
      }
      missing = left;
    }
    await sleep(pause);
  }
  await services.close();
  return again;
}

// Returns the numbers that were not confirmed.
async function publishAll(services, { room, named }, numbers) {
  const confirmed = new Set();
  const all = Promise.allSettled(numbers.map(async (number) => {
    await services.publish('message.sent', { conversationId: room, message: number },
      named ? { messageId: `${room}-${number}` } : {});
    confirmed.add(number);
  }));
  await Promise.race([all, services.lost]);
  return numbers.filter((number) => !confirmed.has(number));
}

export const numbersOf = (client) => client.all('new_message').map(({ message }) => message);

// Waits until each client has as many messages, and a moment longer for such as come twice, and
// checks that they are the right ones.
export async function assertAllArrived(clients, count) {
  for (const client of clients) {
    await until(`all ${count} messages`, () => {
      if (numbersOf(client).length >= count) return true;
      throw new Error(`${numbersOf(client).length} have come`);
    }, RECOVERY_MS);
  }
  await sleep(AFTERMATH_MS);
  for (const client of clients) assertNumbered(numbersOf(client), count);
}

// As above where a service has sent some messages `again`: those may come twice, the others not.
export async function assertAllArrivedWith(again, client, count) {
  await until(`message ${count - 1}`, () => numbersOf(client).includes(count - 1), RECOVERY_MS);
  await sleep(AFTERMATH_MS);
  const numbers = numbersOf(client);
  assertNumbered([...new Set(numbers)], count);
  const doubles = numbers.filter((number, i) => numbers.indexOf(number) !== i);
  assert.deepEqual(doubles.filter((number) => !again.includes(number)), [], 'came twice');
}

// Something happens at `edge` or behind it halfway through the messages for a client there, which
// gets all of them, once and in order. Returns the client.
export async function assertFlowSurvives(t, { edge, brokers }, room, disturb, count = 400) {
  const client = await connect(t, edge, { userId: 'u1' });
  await client.join('conversation', room);
  await publishFlow(brokers, {
    room,
    count,
    disturb: async (number) => {
      if (number !== count / 2) return;
      await until('messages in flight', () => numbersOf(client).length > 0);
      await disturb();
    },
  });
  await assertAllArrived([client], count);
  return client;
}
