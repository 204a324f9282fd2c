// What clients tell the services: each official client numbers its events, and a service of the suite's
// own writes down what comes out of RabbitMQ. See uplink_checker.mjs for what is expected of it.
import { amqp } from './packages.mjs';
import { sleep } from '../integration/support/wait.mjs';

const EXCHANGE = 'chaos_uplink';
const QUEUE = 'chaos.uplink';
const EVENT = 'step';
const PAUSE_MS = 1000;
const ACK_MS = 5000;
const AGAIN_MS = 300;

// For the gateway file.
export const CLIENT_EVENTS = {
  [EVENT]: { publish: { exchange: EXCHANGE, routingKey: 'client.step' }, perSecond: 100 },
};

// The app of one client: it tells the next number once the last one was acked. What was refused, or
// never answered, it tells again, and each attempt is known by a number of its own.
export class Teller {
  constructor({ user, socket }, clock) {
    Object.assign(this, { user, socket, clock });
    this.told = []; // {user, number, attempt, sent, acked: time or null}
    this.running = true;
  }

  // The first ones of all clients come at times of their own.
  start(delayMs) {
    this.done = sleep(delayMs).then(() => this.#tellAll());
  }

  async #tellAll() {
    for (let number = 1; this.running; ) {
      if (this.socket.connected && await this.#tell(number)) number += 1;
      await sleep(PAUSE_MS);
    }
  }

  async #tell(number) {
    const { user } = this;
    const entry = { user, number, attempt: this.told.length + 1, sent: this.clock(), acked: null };
    this.told.push(entry);
    const answer = await this.socket.timeout(ACK_MS)
      .emitWithAck(EVENT, { user, number, attempt: entry.attempt }).catch(() => ({}));
    if (answer.success === true) entry.acked = this.clock();
    return entry.acked !== null;
  }

  async fallSilent() {
    this.running = false;
    await this.done;
  }
}

// A durable queue behind the exchange, and all that it gets, in order.
export class Service {
  static async open(url, clock) {
    const service = new Service();
    Object.assign(service, { url, clock, arrived: [], running: true });
    const connection = await amqp.connect(url);
    const channel = await connection.createChannel();
    await channel.assertExchange(EXCHANGE, 'topic', { durable: true });
    await channel.assertQueue(QUEUE, { durable: true });
    await channel.bindQueue(QUEUE, EXCHANGE, 'client.#');
    await connection.close();
    service.connecting = service.#keepConnected();
    return service;
  }

  async #keepConnected() {
    while (this.running) {
      await this.#listen().catch(() => {});
      await sleep(AGAIN_MS);
    }
  }

  // Until the connection ends. What was not acknowledged comes again, behind nothing newer.
  async #listen() {
    const connection = await amqp.connect(this.url, { timeout: 2000 });
    this.connection = connection.on('error', () => {});
    const lost = new Promise((resolve) => { connection.on('close', resolve); });
    const channel = await connection.createChannel();
    channel.on('error', () => {}).on('close', () => connection.close().catch(() => {}));
    await channel.consume(QUEUE, (message) => {
      if (!message) return;
      this.#take(message);
      channel.ack(message);
    });
    await lost;
  }

  // {id, userId, user, number, attempt, at}: userId is the gateway's word, what follows the client's.
  #take({ content, properties }) {
    const { userId, data: { user, number, attempt } } = JSON.parse(content);
    this.arrived.push({ id: properties.messageId, userId, user, number, attempt, at: this.clock() });
  }

  async stop() {
    this.running = false;
    await this.connection?.close().catch(() => {});
    await this.connecting;
  }
}
