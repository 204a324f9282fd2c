// An official client that comes back by itself, and what it lived through.
import assert from 'node:assert/strict';
import { Client } from './clients.mjs';
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
    await traveller.connected();
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

// Publishes messages for a conversation, one after the other, and waits until `reader` of the edge has
// delivered or logged them: its position is past them.
export async function say(services, room, ...messages) {
  for (const message of messages) {
    await services.publish('message.sent', { conversationId: room.id, message });
  }
}
