// The back-end services: each room has a publisher that numbers its messages.
//
// It waits for the confirm of a message before it sends the next one, so that the order is known.
// A message without a confirm is not sent again: it may come, and its number is used once.
import { amqp } from './packages.mjs';
import { sleep } from '../integration/support/wait.mjs';

const EXCHANGE = 'hometrip_events';
const AGAIN_MS = 300;

function publication(room, number) {
  const [kind, id] = room.split(':');
  return kind === 'user'
    ? { key: 'booking.confirmed', body: { userId: id, bookingId: number } }
    : { key: 'message.sent', body: { conversationId: id, message: number } };
}

export class Publishers {
  constructor({ url, rooms, rate, random, clock }) {
    Object.assign(this, { url, rooms, clock, random });
    this.pauseMs = (1000 * rooms.length) / rate;
    this.published = []; // {room, number, sent, confirmed: time or null, returned}
    this.sentOf = new Map(); // the time of each, by "room/number"
    this.running = true;
  }

  start() {
    this.connecting = this.#keepConnected();
    this.all = Promise.all(this.rooms.map((room) => this.#speak(room, this.random.branch())));
  }

  async #keepConnected() {
    while (this.running) {
      const channel = await this.#connect().catch(() => null);
      if (channel) await channel.lost;
      this.channel = null;
      await sleep(AGAIN_MS);
    }
  }

  async #connect() {
    const connection = await amqp.connect(this.url, { timeout: 2000 });
    this.connection = connection.on('error', () => {});
    const lost = new Promise((resolve) => { connection.on('close', resolve); });
    const channel = await connection.createConfirmChannel();
    channel.on('error', () => {}).on('close', () => connection.close().catch(() => {}));
    channel.on('return', ({ properties }) => { this.#of(properties.messageId).returned = true; });
    this.channel = Object.assign(channel, { lost });
    return channel;
  }

  #of(id) {
    return this.published[Number(id.slice(id.lastIndexOf('/') + 1))];
  }

  async #speak(room, random) {
    for (let number = 1; this.running; number++) {
      await sleep(this.pauseMs * (0.5 + random.fraction()));
      while (!this.channel && this.running) await sleep(20);
      if (this.running) await this.#publish(room, number);
    }
  }

  async #publish(room, number) {
    const { channel } = this;
    const { key, body } = publication(room, number);
    const entry = { room, number, sent: this.clock(), confirmed: null, returned: false };
    const messageId = `${room}-${number}/${this.published.length}`;
    this.published.push(entry);
    this.sentOf.set(`${room}/${number}`, entry.sent);
    const answer = new Promise((resolve) => {
      try {
        channel.publish(EXCHANGE, key, Buffer.from(JSON.stringify(body)),
          { persistent: true, mandatory: true, messageId }, (error) => resolve(!error));
      } catch {
        resolve(false);
      }
    });
    const confirmed = await Promise.race([answer, channel.lost.then(() => false)]);
    if (confirmed) entry.confirmed = this.clock();
  }

  async stop() {
    this.running = false;
    await this.connection?.close().catch(() => {});
    await Promise.all([this.all, this.connecting]);
  }

  // Lets the last ones be confirmed first.
  async fallSilent() {
    this.running = false;
    await this.all;
    await this.stop();
  }
}
