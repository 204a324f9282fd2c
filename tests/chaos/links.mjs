// A TCP proxy between any two programs, which breaks as networks do.
//
// A link is `sound` or has one of the faults below. What a faulty link has swallowed is gone, so
// `mend()` ends the connections whose bytes are missing; slow ones go on where they were.
import { connect, createServer } from 'node:net';
import { Pushes } from './pushes.mjs';

const SLOW_MS = 150;
const BURST = 256; // single bytes before others get a turn
const CHOPPED = [250, 2500]; // bytes to a client: from the answer to its handshake into what it missed

const ends = (pair) => [pair.near, pair.far];

export class Link {
  constructor(name, target) {
    this.name = name;
    this.target = target; // gives the port; asked for each connection
    this.mode = 'sound';
    this.pairs = new Set();
    this.ghosts = new Set(); // ends of the far program, to which nobody belongs any more
  }

  static async to(name, target) {
    const link = new Link(name, target);
    link.server = createServer((near) => link.#join(near));
    await new Promise((resolve) => { link.server.listen(0, '127.0.0.1', resolve); });
    link.port = link.server.address().port;
    return link;
  }

  #join(near) {
    if (this.mode === 'cut' || this.mode === 'gone') {
      near.on('error', () => {}).resetAndDestroy();
      return;
    }
    const far = connect(this.target(), '127.0.0.1');
    const pair = { near, far, spoiled: false };
    this.pairs.add(pair);
    const part = () => {
      if (this.mode === 'silent') return; // nobody hears that the other end is gone
      this.pairs.delete(pair);
      for (const end of ends(pair)) end.destroy();
    };
    for (const end of ends(pair)) end.setNoDelay(true).on('error', part).on('close', part);
    near.on('data', (bytes) => { pair.subscribes ||= bytes.includes('SUBSCRIBE'); });
    pair.pushes = new Pushes((bytes) => near.destroyed || near.write(bytes));
    this.#carry(pair, near, far);
    this.#carry(pair, far, near);
  }

  // Whether the connection has come to the byte behind which it is cut.
  #chops(pair, bytes) {
    pair.budget ??= this.random.between(...CHOPPED);
    pair.budget -= bytes.length;
    if (pair.budget >= 0) return false;
    pair.near.end(bytes.subarray(0, pair.budget + bytes.length));
    pair.far.resetAndDestroy();
    return true;
  }

  #carry(pair, from, to) {
    let queue = Promise.resolve();
    let waiting = 0;
    from.on('data', (bytes) => {
      if (this.mode === 'silent') {
        pair.spoiled = true;
        return;
      }
      if (from === pair.far && pair.subscribes) {
        pair.pushes.take(bytes, this.mode === 'late');
        return;
      }
      if (this.mode === 'chopped' && from === pair.far && this.#chops(pair, bytes)) return;
      if (['sound', 'late', 'chopped'].includes(this.mode) && waiting === 0) {
        if (!to.write(bytes)) this.#hold(from, to);
        return;
      }
      waiting += 1;
      const { mode } = this;
      const due = performance.now() + (mode === 'slow' ? SLOW_MS : 0);
      queue = queue.then(() => this.#bring(mode, due, to, bytes)).then(() => { waiting -= 1; });
    });
  }

  // Who does not read is felt at the other end.
  #hold(from, to) {
    from.pause();
    to.once('drain', () => from.resume());
  }

  async #bring(mode, due, to, bytes) {
    const early = due - performance.now();
    if (early > 0) await new Promise((resolve) => { setTimeout(resolve, early); });
    if (to.destroyed) return;
    if (mode !== 'dribbling') {
      to.write(bytes);
      return;
    }
    for (let i = 0; i < bytes.length && !to.destroyed; i++) {
      to.write(bytes.subarray(i, i + 1));
      if (i % BURST === BURST - 1) await new Promise(setImmediate);
    }
  }

  // 'cut': connections are reset, and refused. 'silent': nothing passes, nobody is told.
  // 'slow': everything comes late. 'dribbling': one byte at a time. 'late': what is published comes
  // late, and each channel by another time. 'chopped': each connection ends after some bytes, as
  // `random` has it. 'gone': as 'cut', but the far program hears nothing of it, ever.
  spoil(mode, random) {
    Object.assign(this, { mode, random });
    if (mode === 'cut') this.#part(this.pairs);
    if (mode === 'gone') this.#forsake();
  }

  #forsake() {
    for (const pair of this.pairs) {
      const { near, far } = pair;
      for (const end of ends(pair)) end.removeAllListeners('close').removeAllListeners('data');
      far.resume().on('close', () => this.ghosts.delete(far));
      this.ghosts.add(far);
      near.resetAndDestroy();
    }
    this.pairs.clear();
  }

  mend() {
    const wasSilent = this.mode === 'silent';
    this.mode = 'sound';
    if (wasSilent) this.#part(this.pairs);
  }

  // Ends all connections once; new ones are taken.
  drop() {
    this.#part(this.pairs);
  }

  #part(pairs) {
    for (const pair of [...pairs]) {
      for (const end of ends(pair)) end.destroyed || end.resetAndDestroy();
    }
    this.pairs.clear();
  }

  close() {
    this.mode = 'cut';
    this.server.close();
    this.#part(this.pairs);
    for (const far of this.ghosts) far.destroy();
  }
}
