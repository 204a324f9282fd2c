// A small gateway of the kind that this one replaces: Socket.IO and amqplib in one process. Like any
// Socket.IO server to which nobody has added more, it answers no request but those of its path. Its
// queues have the names that the relay uses by default, and are consumed by everybody who asks.
import { createServer } from 'node:http';
import amqp from 'amqplib';
import jwt from 'jsonwebtoken';
import { Server } from 'socket.io';
import { QUEUES } from './brokers.mjs';
import { freePort } from './ports.mjs';
import { SECRET } from './tokens.mjs';

const EXCHANGES = ['hometrip_events', 'hometrip-events', 'hometrip'];
const TARGETS = {
  'message.sent': (data) => [`conversation:${data.conversationId}`, 'new_message'],
  'booking.confirmed': (data) => [`user:${data.userId}`, 'booking_update'],
  'notification.created': (data) => [`user:${data.userId}`, 'new_notification'],
};

export class OldGateway {
  static async start(brokers) {
    const old = new OldGateway();
    old.port = await freePort();
    old.http = createServer();
    old.io = new Server(old.http, { cors: { origin: true, credentials: true } });
    old.io.use((socket, next) => old.#letIn(socket, next));
    old.io.on('connection', (socket) => old.#serve(socket));
    try {
      await old.#consume(brokers);
    } catch (error) {
      await old.connection.close();
      throw error;
    }
    await new Promise((done) => { old.http.listen(old.port, '127.0.0.1', done); });
    return old;
  }

  #letIn(socket, next) {
    try {
      socket.data.user = jwt.verify(socket.handshake.auth.token, SECRET).id;
      next();
    } catch (error) {
      next(new Error(`Authentication error: ${error.message}`));
    }
  }

  #serve(socket) {
    socket.join(`user:${socket.data.user}`);
    socket.emit('connected', { socketId: socket.id, userId: socket.data.user });
    socket.on('join_room', ({ roomType, roomId }, ack) => {
      socket.join(`${roomType}:${roomId}`);
      ack?.({ success: true, message: `Joined room: ${roomType}:${roomId}` });
    });
    socket.on('typing', ({ roomType, roomId }, ack) => {
      socket.to(`${roomType}:${roomId}`).emit('user_typing', { userId: socket.data.user });
      ack?.({ success: true });
    });
  }

  async #consume(brokers) {
    this.connection = await amqp.connect(brokers.rabbitmq.url);
    this.channel = await this.connection.createChannel();
    this.channel.on('error', () => {}); // consume() reports it
    for (const exchange of EXCHANGES) {
      await this.channel.assertExchange(exchange, 'topic', { durable: true });
    }
    for (const queue of QUEUES) {
      const key = queue.replace('websocket.', '');
      await this.channel.assertQueue(queue, { durable: true });
      for (const exchange of EXCHANGES) await this.channel.bindQueue(queue, exchange, key);
      await this.channel.consume(queue, (message) => {
        const data = JSON.parse(message.content);
        const [room, event] = TARGETS[key](data);
        this.io.to(room).emit(event, data);
        this.channel.ack(message);
      });
    }
  }

  get clients() {
    return this.io.engine.clientsCount;
  }

  // Lets its clients go; they reconnect to wherever the proxy sends them.
  disconnectClients() {
    for (const [, client] of this.io.sockets.sockets) client.conn.close();
  }

  async stop() {
    await this.connection.close();
    await this.io.close();
  }
}
