// What clients tell services, as a service gets it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import amqp from 'amqplib';
import { connect } from './clients.mjs';
import { token } from './tokens.mjs';

export const EXCHANGE = 'fleet';
export const publish = (routingKey, exchange = EXCHANGE) => ({ publish: { exchange, routingKey } });

// A file for GATEWAY_FILE with these events of clients.
export async function fileWith(clientEvents) {
  const dir = await mkdtemp(join(tmpdir(), 'uplink-'));
  after(() => rm(dir, { recursive: true, force: true }));
  const path = join(dir, 'gateway.json');
  await writeFile(path, JSON.stringify({
    rooms: { lobby: { join: 'open' } },
    events: [{ routingKey: 'lobby.told', room: 'lobby:{id}', event: 'lobby_news', fields: ['n'] }],
    clientEvents,
  }));
  return path;
}

// A durable queue behind the exchange, and all that it gets, in order.
export class Fleet {
  static queue = 'fleet.all';

  static async declare(brokers, queueArguments = {}) {
    const connection = await amqp.connect(brokers.rabbitmq.url);
    connection.on('error', () => {}); // a broker that is killed
    const channel = await connection.createChannel();
    await channel.assertExchange(EXCHANGE, 'topic', { durable: true });
    await channel.deleteQueue(Fleet.queue);
    await channel.assertQueue(Fleet.queue, { durable: true, arguments: queueArguments });
    await channel.bindQueue(Fleet.queue, EXCHANGE, 'client.#');
    await connection.close();
    const fleet = new Fleet(brokers);
    after(() => fleet.close());
    return fleet;
  }

  constructor(brokers) {
    this.brokers = brokers;
    this.messages = [];
  }

  // Begins, or begins again with a broker that was restarted.
  async listen() {
    await this.close();
    this.connection = await amqp.connect(this.brokers.rabbitmq.url);
    this.connection.on('error', () => {});
    const channel = await this.connection.createChannel();
    await channel.consume(Fleet.queue, (message) => {
      if (!message) return;
      this.messages.push({ ...message, body: JSON.parse(message.content) });
      channel.ack(message);
    });
    return this;
  }

  async close() {
    await this.connection?.close().catch(() => {});
    this.connection = undefined;
  }

  // The data of what came first under each id: what comes a second time is known by its id.
  numbers(userId) {
    const known = new Set();
    return this.messages.filter(({ properties: { messageId }, body }) => {
      const isNew = body.userId === userId && !known.has(messageId);
      known.add(messageId);
      return isNew;
    }).map(({ body }) => body.data);
  }
}

// The contract knows no events of one's own.
export const driver = (t, edge, userId, options = {}) => connect(t, edge, {
  judged: false, auth: { token: token({ id: userId }) }, ...options,
});

// Sends 0, 1, 2 … one after another until `enough()`; what is refused is sent again, as a client
// does that wants to be sure. Returns how many were acked.
export async function drive(client, event, enough) {
  for (let number = 0; ; ) {
    if (enough(number)) return number;
    const answer = await client.socket.timeout(5000).emitWithAck(event, number).catch(() => ({}));
    if (answer.success) number++;
    else await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
}
