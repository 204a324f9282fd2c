// Chance that can be repeated: the same seed makes the same choices (mulberry32).

export class Random {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  // From 0 to below 1.
  fraction() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  below(count) {
    return Math.floor(this.fraction() * count);
  }

  between(low, high) {
    return low + this.below(high - low + 1);
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  shuffled(list) {
    const left = [...list];
    return list.map(() => left.splice(this.below(left.length), 1)[0]);
  }

  // A source of its own, so that who draws more often does not change what others draw.
  branch() {
    return new Random(Math.floor(this.fraction() * 2 ** 32));
  }
}
