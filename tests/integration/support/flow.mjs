// Numbered messages that keep flowing while something breaks.
import { assertNumbered } from './asserts.mjs';
import { Services } from './services.mjs';
import { sleep, until } from './wait.mjs';

const RECOVERY_MS = 45_000;

// Publishes `count` messages for a conversation, a few at a time, each confirmed; calls
// `disturb(number)` before each few. A publisher that loses its broker connects again and sends
// what was not confirmed once more, as a service would.
export async function publishFlow(brokers, { room, count, pause = 10, disturb = () => {} }) {
  let services = await Services.connect(brokers);
  const FEW = 10;
  for (let first = 0; first < count; first += FEW) {
    await disturb(first);
    let missing = Array.from({ length: Math.min(FEW, count - first) }, (_, i) => first + i);
    while (missing.length > 0) {
      const left = await publishAll(services, room, missing);
      if (left.length > 0) {
        await services.close();
        services = await until('the broker', () => Services.connect(brokers), RECOVERY_MS);
      }
      missing = left;
    }
    await sleep(pause);
  }
  await services.close();
}

// Returns the numbers that were not confirmed.
async function publishAll(services, room, numbers) {
  const confirmed = new Set();
  const all = Promise.allSettled(numbers.map(async (number) => {
    await services.publish('message.sent', { conversationId: room, message: number },
      { messageId: `${room}-${number}` });
    confirmed.add(number);
  }));
  await Promise.race([all, services.lost]);
  return numbers.filter((number) => !confirmed.has(number));
}

export const numbersOf = (client) => client.all('new_message').map(({ message }) => message);

// Waits until each client has as many messages and checks that they are the right ones.
export async function assertAllArrived(clients, count) {
  for (const client of clients) {
    await until(`all ${count} messages`, () => {
      if (numbersOf(client).length >= count) return true;
      throw new Error(`${numbersOf(client).length} have come`);
    }, RECOVERY_MS);
  }
  for (const client of clients) assertNumbered(numbersOf(client), count);
}
