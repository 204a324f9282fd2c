// Official clients that come through the proxy, and what they hear.
import { Client } from '../integration/support/clients.mjs';
import { token } from '../integration/support/tokens.mjs';
import { until } from '../integration/support/wait.mjs';

const ROOM = { roomType: 'conversation', roomId: 'all' };
const PATIENCE_MS = 60_000;

export const KINDS = {
  'polling, with cookies': { transports: ['polling'], withCredentials: true },
  'polling, without cookies': { transports: ['polling'] },
  'WebSocket': { transports: ['websocket'] },
  'polling that becomes WebSocket, with cookies': { withCredentials: true },
  'polling that becomes WebSocket, without cookies': {},
};

const ENDS_AS_WEBSOCKET = /WebSocket/;
let made = 0;

export class Traveller {
  constructor(kind) {
    made += 1;
    this.kind = kind;
    this.user = `traveller-${made}`;
    this.client = new Client(process.env.GATEWAY_URL, {
      transports: ['polling', 'websocket'],
      reconnection: true,
      auth: { token: token({ id: this.user, rooms: ['conversation:all'] },
        { secret: process.env.JWT_SECRET }) },
      ...KINDS[kind],
    });
    this.client.socket.on('connect', () => this.join());
    this.joins = 0;
  }

  async join() {
    const answer = await this.client.ack('join_room', ROOM).catch(() => ({}));
    if (answer.success) this.joins += 1;
  }

  settled() {
    const transport = ENDS_AS_WEBSOCKET.test(this.kind) ? 'websocket' : 'polling';
    return this.joins > 0 && this.client.socket.connected && this.client.transport === transport;
  }

  // How often it has heard the message.
  heard(messageId) {
    return this.client.all('new_message').filter((body) => body.messageId === messageId).length;
  }
}

export async function settle(travellers) {
  await until('all clients to be connected and in the room', () =>
    travellers.every((traveller) => traveller.settled()), PATIENCE_MS);
}

let published = 0;

export async function publish(services) {
  published += 1;
  const messageId = `m${published}`;
  await services.publish('message.sent', {
    messageId, conversationId: 'all', senderId: 'host-1', text: 'welcome',
    timestamp: new Date().toISOString(),
  });
  return messageId;
}

export async function allHear(travellers, messageId) {
  await until(`${messageId} at all clients`, () =>
    travellers.every((traveller) => traveller.heard(messageId) > 0), PATIENCE_MS);
}

// Who has heard it more than once.
export const twice = (travellers, messageId) =>
  travellers.filter((traveller) => traveller.heard(messageId) > 1);
