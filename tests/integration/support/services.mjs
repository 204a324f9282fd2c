// The back-end services as the gateway sees them: publishers on RabbitMQ.
import amqp from 'amqplib';
import { DEAD_LETTERS } from './brokers.mjs';
import { ROUTING_KEYS, deadLetterFault, publicationFault } from './contract.mjs';
import { Hopeless, until } from './wait.mjs';

// Its headers are those of the contract, and its body is none that the contract promises to take.
function checkDeadLetter({ content, properties: { headers } }) {
  const fault = deadLetterFault({ headers });
  if (fault) throw new Hopeless(fault);
  const key = headers['x-original-routing-key'];
  const isTooBig = headers['x-reason'].includes('MAX_EVENT_BYTES');
  if (!isTooBig && ROUTING_KEYS.includes(key) && !publicationFault(key, content)) {
    throw new Hopeless(`by docs/asyncapi.yaml this is no dead letter: ${content}`);
  }
}

export class Services {
  static async connect(brokers) {
    const services = new Services();
    services.connection = await amqp.connect(brokers.rabbitmq.url);
    services.connection.on('error', () => {}); // a killed broker; publish() reports it
    services.lost = new Promise((resolve) => { services.connection.on('close', resolve); });
    services.channel = await services.connection.createConfirmChannel();
    services.channel.on('error', () => {});
    return services;
  }

  // Resolves when the broker has confirmed. An object is sent as JSON, a string or Buffer as is.
  publish(routingKey, body, { exchange = 'hometrip_events', ...properties } = {}) {
    const raw = typeof body === 'string' || Buffer.isBuffer(body);
    const bytes = Buffer.from(raw ? body : JSON.stringify(body));
    return new Promise((resolve, reject) => {
      this.channel.publish(exchange, routingKey, bytes, { persistent: true, ...properties },
        (error) => (error ? reject(error) : resolve()));
    });
  }

  // Takes the oldest dead letter, waiting for one. With `judged` false it is no event of a service.
  async deadLetter({ judged = true } = {}) {
    // The first one may be what makes the relay declare the queue.
    await this.channel.assertQueue(DEAD_LETTERS, { durable: true });
    const message = await until('a dead letter', () =>
      this.channel.get(DEAD_LETTERS, { noAck: true }));
    if (judged) checkDeadLetter(message);
    return { headers: message.properties.headers, body: message.content.toString(), message };
  }

  // How many messages wait in a queue, leaving out those that a consumer holds.
  async waiting(queue) {
    return (await this.channel.checkQueue(queue)).messageCount;
  }

  async close() {
    try {
      await this.connection.close();
    } catch {
      // The broker has closed it already.
    }
  }
}
