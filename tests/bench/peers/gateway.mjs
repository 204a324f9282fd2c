// What this gateway does, done by Socket.IO: tokens, rooms, typing, events of RabbitMQ, a Redis
// adapter. Nothing is logged and no work is done that clients do not see.
//
// usage: node gateway.mjs ws|uws, or bun gateway.mjs bun. PORT and the brokers come from the
// environment, with the names that the gateway's own programs use. GET /ready answers 200 when both
// brokers are connected. SIGUSR2 collects garbage, so that memory can be compared.
import { createSecretKey } from 'node:crypto';
import { createAdapter } from '@socket.io/redis-adapter';
import amqp from 'amqplib';
import jwt from 'jsonwebtoken';
import { createClient } from 'redis';

const env = process.env;
const PREFETCH = 200; // that of the relay, for each queue
// A key object: from a string jsonwebtoken would make one for each token.
const key = createSecretKey(Buffer.from(env.JWT_SECRET));
let ready = false;

const engine = await import(`./engine_${process.argv[2]}.mjs`);
const io = await engine.open({
  port: Number(env.PORT),
  isReady: () => ready,
  options: {
    path: '/socket.io/',
    pingInterval: 25_000,
    pingTimeout: 60_000,
    maxHttpBufferSize: 1e6,
    serveClient: false,
  },
});

function userOf({ auth, headers }) {
  const token = auth.token ?? headers.authorization?.replace(/^Bearer /, '');
  const claims = jwt.verify(token, key, { algorithms: ['HS256'] });
  return String(claims.id ?? claims.userId ?? claims.sub);
}

io.use((socket, next) => {
  try {
    socket.data.userId = userOf(socket.handshake);
    next();
  } catch (error) {
    next(new Error(`Authentication error: ${error.message}`));
  }
});

const roomOf = ({ roomType, roomId }) =>
  ['conversation', 'notification'].includes(roomType) ? `${roomType}:${roomId}` : undefined;

io.on('connection', (socket) => {
  const { userId } = socket.data;
  const news = (room) =>
    ({ userId, socketId: socket.id, room, timestamp: new Date().toISOString() });
  const on = (event, act) => socket.on(event, (request, ack) => {
    const room = roomOf(request ?? {});
    ack?.(room ? act(room) : { error: 'Invalid roomType' });
  });

  socket.join(`user:${userId}`);
  on('join_room', (room) => {
    socket.join(room);
    socket.to(room).emit('user_joined', news(room));
    return { success: true, message: `Joined room: ${room}` };
  });
  on('leave_room', (room) => {
    socket.leave(room);
    socket.to(room).emit('user_left', news(room));
    return { success: true, message: `Left room: ${room}` };
  });
  for (const event of ['typing', 'stop_typing']) {
    on(event, (room) => {
      socket.to(room).emit(`user_${event}`, news(room));
      return { success: true };
    });
  }
  socket.emit('connected',
    { socketId: socket.id, userId, message: 'Connected to WebSocket Gateway' });
});

const now = () => new Date().toISOString();
const emitters = {
  'message.sent': (e) => io.to(`conversation:${e.conversationId}`).emit('new_message', {
    conversationId: e.conversationId,
    senderId: e.senderId,
    recipientId: e.recipientId,
    message: e.message ?? e.text,
    messageId: e.messageId,
    timestamp: e.timestamp ?? now(),
  }),
  'booking.confirmed': (e) => io.to(`user:${e.userId ?? e.guestId}`).emit('booking_update', {
    bookingId: e.bookingId ?? e.reservationId,
    status: e.status ?? 'confirmed',
    type: 'booking_confirmed',
    timestamp: e.timestamp ?? now(),
  }),
  'notification.created': (e) => io.to(`user:${e.userId}`).emit('new_notification', {
    notificationId: e.notificationId,
    type: e.type,
    title: e.title,
    message: e.message,
    data: e.data,
    timestamp: e.timestamp ?? now(),
  }),
};

async function connectRedis() {
  const publisher = createClient({
    socket: { host: env.REDIS_HOST, port: Number(env.REDIS_PORT) },
    database: Number(env.REDIS_DB),
  });
  const subscriber = publisher.duplicate();
  await Promise.all([publisher.connect(), subscriber.connect()]);
  io.adapter(createAdapter(publisher, subscriber));
}

// The queues are those of the relay, which has declared them and does not run meanwhile.
async function consume() {
  const connection = await amqp.connect({
    hostname: env.RABBITMQ_HOST,
    port: Number(env.RABBITMQ_PORT),
    username: env.RABBITMQ_USER,
    password: env.RABBITMQ_PASSWORD,
  });
  const channel = await connection.createChannel();
  await channel.prefetch(PREFETCH);
  for (const [routingKey, emit] of Object.entries(emitters)) {
    await channel.consume(`websocket.${routingKey}`, (message) => {
      emit(JSON.parse(message.content.toString()));
      channel.ack(message);
    });
  }
}

process.on('SIGUSR2', () => engine.collectGarbage());
process.on('SIGTERM', () => process.exit(0));
await connectRedis();
await consume();
ready = true;
