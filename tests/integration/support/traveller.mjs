// An official client that comes back by itself, and what it lived through.
import assert from 'node:assert/strict';
import { Client, connect, newConversation } from './clients.mjs';
import { Line } from './line.mjs';
import { token } from './tokens.mjs';
import { until } from './wait.mjs';

export class Traveller extends Client {
  constructor(t, line, { userId, ...options }) {
    super(line.url, {
      auth: { token: token({ id: userId }) },
      reconnection: true,
      reconnectionDelay: 20,
      reconnectionDelayMax: 100,
      // A connection that ends in order before it was opened is not noticed otherwise.
      timeout: 1000,
      ...options,
    });
    this.line = line;
    this.connects = []; // {id, recovered}
    this.socket.on('connect', () => {
      this.connects.push({ id: this.socket.id, recovered: this.socket.recovered });
    });
    t.after(() => {
      this.close();
      this.checkContract();
    });
  }

  static async connect(t, line, options) {
    const traveller = new Traveller(t, line, options);
    await traveller.back(0); // on a busy machine the first try may have timed out
    await traveller.next('connected');
    return traveller;
  }

  // Waits for the connection after `count` earlier ones.
  async back(count = 1, ms = undefined) {
    await until('the client to be back', () => this.connects.length > count, ms);
    return this.connects[count];
  }

  get last() {
    return this.connects.at(-1);
  }

  get said() {
    return this.all('new_message').map(({ message }) => message);
  }

  // Loses its connection by `how` of its line, misses what `meanwhile` does, and comes back to `edge`.
  async away(meanwhile, { how = 'cut', edge = this.line.edge } = {}) {
    const count = this.connects.length;
    this.line.refuse();
    this.line[how]();
    await until('the client to notice', () => !this.socket.connected);
    await meanwhile?.();
    this.line.let(edge);
    return this.back(count);
  }

  // All that was said, each once and in order.
  async heard(expected) {
    await until(`${expected.length} messages`, () => this.said.length >= expected.length);
    assert.deepEqual(this.said, expected);
  }
}

// Publishes messages for a conversation, one after the other.
export async function say(services, room, ...messages) {
  for (const message of messages) {
    await services.publish('message.sent', { conversationId: room.id, message });
  }
}

// Says them, and waits until `watcher` has heard the last.
export async function sayUntilHeard(services, watcher, room, ...messages) {
  await say(services, room, ...messages);
  await until('the watcher to hear it', () =>
    watcher.all('new_message').some(({ message }) => message === messages.at(-1)));
}

// A traveller in a conversation of its own at `edge`, and one who watches it at the edge `there`.
export async function scene(t, { services, edge, there, ...options }) {
  const room = newConversation();
  const userId = `traveller-${room.id}`;
  const line = await Line.to(t, edge);
  const traveller = await Traveller.connect(t, line, { userId, ...options });
  await traveller.join('conversation', room.id);
  const watcher = await connect(t, there, { userId: 'watcher' });
  await watcher.join('conversation', room.id);
  return { userId, room, line, traveller, watcher,
    sayAndSee: (...messages) => sayUntilHeard(services, watcher, room, ...messages) };
}
