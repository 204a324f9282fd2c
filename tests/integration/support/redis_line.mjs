// A TCP proxy between an edge and Redis that delays what is published, channel by channel, so that an
// edge falls behind the others; or what the edge says, so that it can be killed before that arrives.
import { connect, createServer } from 'node:net';
import { command } from './redis.mjs';
import { until } from './wait.mjs';

const CRLF = Buffer.from('\r\n');

// The channel and the length of the push at the front of `bytes`; null when it is not whole yet.
export function takePush(bytes) {
  let at = 0;
  const line = () => {
    const end = bytes.indexOf(CRLF, at);
    if (end < 0) return null;
    const text = bytes.toString('latin1', at, end);
    at = end + 2;
    return text;
  };
  const head = line();
  if (head === null) return null;
  if (!head.startsWith('*')) return { length: at };
  const parts = [];
  for (let i = 0; i < Number(head.slice(1)); i++) {
    const size = line();
    if (size === null) return null;
    if (!size.startsWith('$')) continue;
    const length = Number(size.slice(1));
    if (bytes.length < at + length + 2) return null;
    parts.push(bytes.toString('latin1', at, at + Math.min(length, 100)));
    at += length + 2;
  }
  return { channel: parts[0] === 'message' ? parts[1] : undefined, length: at };
}

export class RedisLine {
  static async to(t, port) {
    const line = new RedisLine();
    line.delays = new Map(); // channel -> ms
    line.pushes = []; // all that came, delayed or not
    line.holds = 0; // ms
    line.sockets = new Set();
    line.server = createServer((edge) => line.#accept(edge, port));
    await new Promise((resolve) => { line.server.listen(0, '127.0.0.1', resolve); });
    line.port = line.server.address().port;
    t.after(() => line.close());
    return line;
  }

  #accept(edge, port) {
    const redis = connect(port, '127.0.0.1');
    for (const socket of [edge, redis]) {
      socket.setNoDelay(true);
      socket.on('error', () => {});
      this.sockets.add(socket);
    }
    edge.on('close', () => redis.destroy());
    redis.on('close', () => edge.destroy());
    let subscribes = false;
    let rest = Buffer.alloc(0);
    const due = new Map(); // channel -> when the last of its pushes is due
    edge.on('data', (bytes) => {
      subscribes ||= bytes.includes('SUBSCRIBE');
      if (this.holds === 0) redis.write(bytes);
      else setTimeout(() => redis.write(bytes), this.holds);
    });
    redis.on('data', (bytes) => {
      if (!subscribes) {
        edge.write(bytes);
        return;
      }
      rest = Buffer.concat([rest, bytes]);
      for (let push = takePush(rest); push; push = takePush(rest)) {
        const whole = rest.subarray(0, push.length);
        this.pushes.push(whole);
        rest = rest.subarray(push.length);
        const at = Math.max(Date.now() + (this.delays.get(push.channel) ?? 0),
          due.get(push.channel) ?? 0);
        due.set(push.channel, at);
        if (at <= Date.now()) edge.write(whole);
        else setTimeout(() => edge.write(whole), at - Date.now()).unref();
      }
    });
  }

  // Waits until what was published with `mark` in it is on its way, however long that is.
  async took(mark) {
    await until(`a push of "${mark}"`, () => this.pushes.some((push) => push.includes(mark)));
  }

  // What is published on the channel comes so much later from now on.
  delay(channel, ms) {
    this.delays.set(channel, ms);
  }

  // What the edge says comes so much later, and not at all when the edge has gone. Not to be changed
  // while anything is on its way.
  hold(ms) {
    this.holds = ms;
  }

  close() {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

export const sessionsOf = (brokers) => command(brokers.redis.port, ['KEYS', 'ws:session:*']);
