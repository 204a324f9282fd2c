// Official clients, each with an app that behaves: it joins its rooms again when it was not
// recovered, and comes back at any edge. What happens to it is written down in the order in which
// it happened; see checker.mjs for the words.
import { io } from './packages.mjs';
import { token } from '../integration/support/tokens.mjs';

const TRANSPORTS = [['websocket'], ['polling'], ['websocket'], ['polling', 'websocket']];
const ACK_MS = 8000;
const AGAIN_MS = 500;
const MANY = 2; // rooms beside the first one

export class AppClient {
  constructor(index, { edges, home, random, clock, sentOf }) {
    Object.assign(this, { edges, home, random, clock, sentOf, user: `u${index}` });
    this.history = [];
    this.newest = -1; // when the newest of what it has heard was sent
    this.wanted = new Set([home]);
    this.joined = new Set();
    this.edge = random.pick(edges);
    this.socket = io(this.edge.clientUrl, {
      forceNew: true,
      transports: TRANSPORTS[index % TRANSPORTS.length],
      auth: { token: token({ id: this.user }) },
      reconnectionDelay: 100,
      reconnectionDelayMax: 1000,
      timeout: 3000,
    });
    this.#listen();
  }

  note(kind, more = {}) {
    this.history.push({ at: this.clock(), kind, ...more });
  }

  #listen() {
    const { socket } = this;
    // As a load balancer would: the next attempt may lead to another edge.
    socket.io.on('reconnect_attempt', () => {
      this.edge = this.random.pick(this.edges);
      socket.io.uri = this.edge.clientUrl;
      this.note('trying', { edge: this.edge.name });
    });
    socket.io.on('open', () => this.note('open', { reason: socket.io.engine.transport.name }));
    socket.io.on('error', (error) => this.note('failed', { reason: error.message }));
    socket.io.on('close', (reason) => this.note('closed', { reason }));
    socket.on('connect', () => this.#onConnect());
    socket.on('connect_error', () => {
      if (!socket.active) setTimeout(() => socket.connect(), AGAIN_MS);
    });
    socket.on('disconnect', (reason) => {
      this.note('disconnect', { reason });
      if (!socket.active && !this.closed) setTimeout(() => this.#comeBack(), AGAIN_MS);
    });
    for (const [event, member, kind] of [['new_message', 'conversationId', 'conversation'],
      ['booking_update', null, 'user']]) {
      socket.on(event, (body) => {
        const room = kind === 'user' ? `user:${this.user}` : `conversation:${body[member]}`;
        const number = body.message ?? body.bookingId;
        this.note('event', { room, number });
        this.newest = Math.max(this.newest, this.sentOf.get(`${room}/${number}`) ?? -1);
      });
    }
  }

  #comeBack() {
    if (!this.closed) this.socket.connect();
  }

  #onConnect() {
    const { socket } = this;
    const recovered = socket.recovered === true;
    this.note('connect', { recovered, edge: this.edge.name, id: socket.id });
    if (!recovered) this.joined.clear();
    for (const room of this.wanted) if (!this.joined.has(room)) this.#join(room, socket.id);
  }

  async #ask(event, room) {
    const [roomType, roomId] = room.split(':');
    return this.socket.timeout(ACK_MS).emitWithAck(event, { roomType, roomId })
      .then((answer) => answer.success === true, () => false);
  }

  // Until it has worked, or the session is over, or the room is wanted no more.
  async #join(room, id) {
    while (this.socket.connected && this.socket.id === id && this.wanted.has(room)) {
      this.note('asking', { room });
      if (await this.#ask('join_room', room)) {
        if (this.socket.id !== id || !this.wanted.has(room)) return;
        this.joined.add(room);
        this.note('joined', { room });
        return;
      }
      await new Promise((resolve) => { setTimeout(resolve, AGAIN_MS); });
    }
  }

  // Into a further room, or out of one when it has enough; never out of its first one. The next
  // change waits for the answer to this one.
  async wander(room) {
    if (this.wandering || !this.socket.connected) return;
    this.wandering = true;
    const further = [...this.joined].filter((one) => one !== this.home);
    if (further.length >= MANY) await this.#leave(further[0]);
    else if (!this.wanted.has(room)) await this.#enter(room);
    this.wandering = false;
  }

  async #enter(room) {
    this.wanted.add(room);
    await this.#join(room, this.socket.id);
  }

  async #leave(room) {
    const { id } = this.socket;
    this.wanted.delete(room);
    this.joined.delete(room);
    this.note('leaving', { room });
    if (await this.#ask('leave_room', room) && this.socket.id === id) this.note('left', { room });
  }

  close() {
    this.closed = true;
    this.socket.disconnect();
  }
}
