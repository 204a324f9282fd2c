// Engine.IO 4 by hand, packet by packet, for what the official client hides or would never do.
import WebSocket from 'ws';
import { request } from './http.mjs';
import { within } from './wait.mjs';

const SEPARATOR = '\x1e';

export const pollingUrl = (base, sid, path = '/socket.io/') =>
  `${base}${path}?EIO=4&transport=polling${sid ? `&sid=${sid}` : ''}`;

export const webSocketUrl = (base, sid, path = '/socket.io/') =>
  `${base.replace('http', 'ws')}${path}?EIO=4&transport=websocket${sid ? `&sid=${sid}` : ''}`;

// A long-polling client that polls only when it is told to.
export class RawPolling {
  constructor(base, path) {
    this.base = base;
    this.path = path;
  }

  static async open(base, { path = '/socket.io/', headers } = {}) {
    const polling = new RawPolling(base, path);
    const answer = await request(pollingUrl(base, null, path), { headers });
    if (answer.status !== 200 || answer.body[0] !== '0') {
      throw new Error(`handshake: ${answer.status} ${answer.body}`);
    }
    polling.handshake = JSON.parse(answer.body.slice(1));
    polling.sid = polling.handshake.sid;
    return polling;
  }

  get url() {
    return pollingUrl(this.base, this.sid, this.path);
  }

  pollRaw(options) {
    return within('the answer to a poll', request(this.url, options));
  }

  // One poll; its packets.
  async poll() {
    const answer = await this.pollRaw();
    if (answer.status !== 200) throw new Error(`poll: ${answer.status} ${answer.body}`);
    return answer.body.split(SEPARATOR);
  }

  // Polls until a packet begins with `prefix`; earlier ones stay in `passed`.
  async pollFor(prefix) {
    for (;;) {
      const packets = [...(this.left ?? []), ...await (this.left?.length ? [] : this.poll())];
      const at = packets.findIndex((packet) => packet.startsWith(prefix));
      this.left = at < 0 ? [] : packets.slice(at + 1);
      if (at >= 0) return packets[at];
    }
  }

  post(...packets) {
    return this.postRaw(packets.join(SEPARATOR));
  }

  postRaw(body, headers = { 'Content-Type': 'text/plain;charset=UTF-8' }) {
    return within('the answer to a POST', request(this.url, { method: 'POST', body, headers }));
  }
}

// A WebSocket whose messages wait in order until they are asked for.
export class RawWebSocket {
  constructor(url, options = {}) {
    this.messages = [];
    this.socket = new WebSocket(url, { perMessageDeflate: false, ...options });
    this.socket.on('message', (data, isBinary) => {
      this.messages.push(isBinary ? data : data.toString());
      this.wake?.();
    });
    this.socket.on('error', (error) => { this.error = error; });
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code) => {
        this.isClosed = true;
        this.wake?.();
        resolve(code);
      });
    });
  }

  static async open(base, { sid, path, ...options } = {}) {
    const raw = new RawWebSocket(webSocketUrl(base, sid, path), options);
    await within('a WebSocket', new Promise((resolve, reject) => {
      raw.socket.on('open', resolve);
      raw.socket.on('close', () => reject(raw.error ?? new Error('closed at once')));
    }));
    return raw;
  }

  async next() {
    while (this.messages.length === 0) {
      if (this.isClosed) throw new Error('the WebSocket is closed');
      await within('a WebSocket message', new Promise((resolve) => { this.wake = resolve; }));
    }
    return this.messages.shift();
  }

  async nextFor(prefix) {
    for (;;) {
      const message = await this.next();
      if (typeof message === 'string' && message.startsWith(prefix)) return message;
    }
  }

  send(message) {
    this.socket.send(message);
  }

  close() {
    this.socket.terminate();
  }
}

// The status and body of a WebSocket handshake that is refused.
export function refusedWebSocket(url, options) {
  const attempt = new WebSocket(url, { perMessageDeflate: false, ...options });
  attempt.on('error', () => {});
  return within('the refusal of a WebSocket', new Promise((resolve, reject) => {
    attempt.on('open', () => {
      attempt.terminate();
      reject(new Error('the WebSocket was accepted'));
    });
    attempt.on('unexpected-response', (_request, response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text) => { body += text; });
      response.on('end', () => resolve({ status: response.statusCode, body,
        headers: response.headers }));
    });
    attempt.on('close', () => reject(new Error('closed without an HTTP answer')));
  }));
}

// Connected to the namespace "/" with this token, everything up to the event "connected" read.
export async function joinedWebSocket(base, token, options) {
  const raw = await RawWebSocket.open(base, options);
  await raw.nextFor('0');
  raw.send(`40${JSON.stringify({ token })}`);
  raw.connect = JSON.parse((await raw.nextFor('40')).slice(2));
  await raw.nextFor('42["connected"');
  return raw;
}

export async function joinedPolling(base, token) {
  const raw = await RawPolling.open(base);
  await raw.post(`40${JSON.stringify({ token })}`);
  raw.connect = JSON.parse((await raw.pollFor('40')).slice(2));
  await raw.pollFor('42["connected"');
  return raw;
}
