// One Socket.IO client with the official library, and what is known of it.
//
//     off ──connect()──▶ connecting ──▶ on ◀──▶ waiting (the library reconnects)
//      ▲                      └──▶ refused             │
//      └────────────── disconnect() ───────────────────┘
//
// Rooms that were joined are joined again after each connect, since the server forgets them.

const ACK_MS = 5000;

// Events that say who types in a room, and whether.
const TYPING = { user_typing: true, user_stop_typing: false, user_left: false };

export class Connection {
  // `onChange()` is called when anything below has changed; `onRecord(record)` for all that is
  // received, sent or noteworthy.
  constructor({ onChange, onRecord }) {
    Object.assign(this, { onChange, onRecord });
    this.state = 'off';
    this.trouble = '';
    this.expiresIn = null; // seconds, once the gateway warns
    this.token = ''; // that the gateway was shown last
    this.since = null;
    this.reconnects = 0;
    this.rooms = new Map(); // name -> {roomType, roomId, isJoined, isTyping, typists}
    this.socket = null;
  }

  get id() {
    return this.socket?.id ?? null;
  }

  get transport() {
    return this.state === 'on' ? this.socket.io.engine?.transport?.name ?? null : null;
  }

  // `readToken()` is asked at every attempt to connect.
  connect({ url, transport, readToken }) {
    this.disconnect();
    Object.assign(this, { reconnects: 0, url });
    this.#become('connecting');
    this.socket = window.io(url, {
      forceNew: true,
      reconnectionDelay: 500,
      reconnectionDelayMax: 4000,
      ...(transport !== 'default' && { transports: [transport] }),
      auth: (answer) => {
        this.token = readToken();
        answer(this.token === '' ? {} : { token: this.token });
      },
    });
    this.#listen(this.socket);
  }

  disconnect() {
    this.socket?.offAny().off().io.off();
    this.socket?.disconnect();
    this.socket = null;
    if (this.state !== 'off') this.#end('off', 'by you');
  }

  #become(state, trouble = '') {
    Object.assign(this, { state, trouble });
    this.since = state === 'on' ? Date.now() : null;
    if (state !== 'on') this.expiresIn = null;
    this.onChange();
  }

  #note(name, summary, detail) {
    this.onRecord({ direction: 'note', name, summary, at: Date.now(), detail });
  }

  #listen(socket) {
    socket.on('connect', () => this.#onConnect());
    socket.on('disconnect', (reason) => this.#onDisconnect(reason, socket.active));
    socket.on('connect_error', (error) => this.#onError(error, socket.active));
    socket.io.on('reconnect', () => { this.reconnects += 1; });
    socket.onAny((name, ...args) => this.#onEvent(name, args));
  }

  #onConnect() {
    this.#become('on');
    this.#note('connect', `over ${this.transport}`, { id: this.id, transport: this.transport });
    this.socket.io.engine.on('upgrade', (transport) => {
      this.#note('upgrade', `to ${transport.name}`, { transport: transport.name });
      this.onChange();
    });
    for (const room of this.rooms.values()) this.join(room);
  }

  #end(state, reason, trouble) {
    for (const room of this.rooms.values()) {
      Object.assign(room, { isJoined: false, isTyping: false });
      room.typists.clear();
    }
    this.#note('disconnect', reason, { reason });
    this.#become(state, trouble);
  }

  #onDisconnect(reason, isActive) {
    if (isActive) this.#end('waiting', reason, `The connection ended (${reason}). Trying again …`);
    else this.#end('off', reason, `The gateway ended the connection (${reason}).`);
  }

  // The library goes on by itself unless the gateway has said no.
  #onError(error, isActive) {
    if (!isActive) {
      this.#note('connect_error', error.message, { message: error.message });
      this.#become('refused', `Refused: ${error.message}`);
      return;
    }
    const first = this.state === 'connecting';
    this.#become(first ? 'connecting' : 'waiting', `No connection to ${this.url}. Is an edge `
      + `running there, and does its CORS_ORIGIN allow ${window.location.origin}? Trying again …`);
  }

  #onEvent(name, args) {
    const at = Date.now();
    const [body] = args;
    if (name === 'token_expiring_soon') this.expiresIn = body?.expiresIn ?? null;
    if (Object.hasOwn(TYPING, name)) this.#markTypist(body, TYPING[name]);
    // Behind the body stands the offset that the library sends when it comes back.
    const isUsual = args.length === 1 || (args.length === 2 && typeof args[1] === 'string');
    this.onRecord({ direction: 'in', name, body, at, detail: isUsual ? body : args });
    this.onChange();
  }

  #markTypist(body, isTyping) {
    const room = this.rooms.get(body?.room);
    if (!room) return;
    if (isTyping) room.typists.set(body.socketId, String(body.userId));
    else room.typists.delete(body.socketId);
  }

  // Emits, and records the answer; null when none came.
  async #ask(name, payload, shown = payload) {
    const at = Date.now();
    const began = performance.now();
    let answer = null;
    try {
      answer = await this.socket.timeout(ACK_MS).emitWithAck(name, payload);
    } catch {
      // The record says so.
    }
    this.onRecord({
      direction: 'out', name, at, detail: { sent: shown, ack: answer },
      ackMs: answer ? performance.now() - began : null,
      failure: answer ? answer.error ?? null : `no ack within ${ACK_MS / 1000} s`,
      summary: shown.roomId === undefined ? '' : `${shown.roomType}:${shown.roomId}`,
    });
    return answer;
  }

  async join({ roomType, roomId }) {
    const answer = await this.#ask('join_room', { roomType, roomId });
    const name = `${roomType}:${roomId}`;
    if (answer?.success) {
      const room = this.rooms.get(name) ?? { roomType, roomId, typists: new Map() };
      this.rooms.set(name, Object.assign(room, { isJoined: true, isTyping: false }));
    } else {
      if (answer) this.rooms.delete(name); // otherwise it is tried again after the next connect
      this.trouble = `${name} was not joined: ${answer?.error ?? 'the gateway did not answer'}.`;
    }
    this.onChange();
  }

  async leave({ roomType, roomId }) {
    const name = `${roomType}:${roomId}`;
    if (this.state === 'on') await this.#ask('leave_room', { roomType, roomId });
    this.rooms.delete(name);
    this.onChange();
  }

  async type(room, isTyping) {
    const { roomType, roomId } = room;
    const answer = await this.#ask(isTyping ? 'typing' : 'stop_typing', { roomType, roomId });
    if (answer?.success) room.isTyping = isTyping;
    this.onChange();
  }

  async refresh(token) {
    const answer = await this.#ask('refresh_token', { token }, { token: '(not shown)' });
    this.trouble = answer?.success ? ''
      : `The token was not taken: ${answer?.error ?? 'the gateway did not answer'}.`;
    if (answer?.success) Object.assign(this, { token, expiresIn: null });
    this.onChange();
  }
}
