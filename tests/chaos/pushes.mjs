// What Redis publishes to one subscriber, channel by channel: each may come late by a time of its own,
// and in its order.
import { takePush } from '../integration/support/redis_line.mjs';

const LATEST_MS = 1200;
const OF_SHARDS_MS = [900, 1200, 300, 600];

// Of the shards each is late by another time; the latest is what would tell an edge that it is behind.
function latenessOf(channel) {
  const shard = /\{(\d+)\}$/.exec(channel ?? '');
  return shard ? OF_SHARDS_MS[Number(shard[1]) % OF_SHARDS_MS.length] : LATEST_MS;
}

export class Pushes {
  constructor(write) {
    this.write = write;
    this.rest = Buffer.alloc(0);
    this.due = new Map(); // channel -> when the last one of it is due
  }

  take(bytes, late) {
    this.rest = Buffer.concat([this.rest, bytes]);
    for (let push = takePush(this.rest); push; push = takePush(this.rest)) {
      const whole = this.rest.subarray(0, push.length);
      this.rest = this.rest.subarray(push.length);
      this.#bring(whole, push.channel, late);
    }
  }

  #bring(whole, channel, late) {
    const now = performance.now();
    const at = Math.max(now + (late ? latenessOf(channel) : 0), this.due.get(channel) ?? 0);
    this.due.set(channel, at);
    if (at <= now) this.write(whole);
    else setTimeout(() => this.write(whole), at - now);
  }
}
