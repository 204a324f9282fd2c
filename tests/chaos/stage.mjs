// One run: the stack under a steady load, and one fault after the other. Collects what happens;
// judge.mjs says what to think of it.
import { AppClient } from './clients.mjs';
import { Crowd } from './crowd.mjs';
import { LogReader } from './log_reader.mjs';
import * as presence from './presence.mjs';
import { Publishers } from './publishers.mjs';
import { Stack } from './stack.mjs';
import { Service, Teller } from './uplink.mjs';
import { isOwed } from './uplink_checker.mjs';
import { sleep, until } from '../integration/support/wait.mjs';

const SAMPLE_MS = 250;
const CALM_MS = 500;
const STEADY_MS = 1500; // an edge takes its descriptors in reserve when it first looks, each second
const STAGGER_MS = 600; // between two that happen at once: the first one shows its effect
const SETTLE_MS = 60_000;
const EMPTY_MS = 30_000; // connections of polling clients are kept alive for a while
const WANDER_MS = 100;
const TELLING_MS = 1000; // over which the clients begin
const PRESENT_MS = 15_000; // beyond patience: half-open connections are closed, dead edges are forgotten
const RUSH_MS = 30; // from the joins of many until the fault: into their acks, or right behind

export const clock = () => performance.now();

export class Stage {
  static async open(options) {
    const stage = new Stage();
    Object.assign(stage, options, { clients: [], faults: [], heals: [], excused: [], blind: [],
      samples: new Map(), done: [] });
    stage.stack = await Stack.start(options);
    for (const edge of stage.stack.edges) {
      edge.clientUrl = `http://127.0.0.1:${edge.clientLink.port}`;
    }
    stage.log = new LogReader({ port: () => stage.stack.redis.port, shards: options.shards, clock });
    stage.log.start();
    stage.service = await Service.open(stage.stack.rabbitmq.url, clock);
    stage.base = await stage.#steadyHoldings();
    return stage;
  }

  // What the programs hold once that no longer changes.
  async #steadyHoldings() {
    let last = {};
    await until('descriptors that stay the same', async () => {
      const before = last;
      await sleep(STEADY_MS);
      last = await this.#holdings();
      return Object.entries(last).every(([name, { fds }]) => fds === before[name]?.fds);
    }, SETTLE_MS);
    return last;
  }

  async #holdings() {
    return Object.fromEntries(await Promise.all(this.stack.programs.map(async (program) =>
      [program.name, await program.holds()])));
  }

  async begin() {
    const rooms = Array.from({ length: this.rooms }, (_, i) => `conversation:bench-${i}`);
    const users = Array.from({ length: Math.ceil(this.rooms / 4) }, (_, i) => `user:u${i}`);
    this.talking = [...rooms, ...users];
    this.counted = rooms;
    this.publishers = new Publishers({ url: this.stack.rabbitmq.url, rooms: this.talking,
      rate: this.rate, random: this.random.branch(), clock });
    for (let i = 0; i < this.count; i++) {
      this.clients.push(new AppClient(i, { edges: this.stack.edges, home: rooms[i % rooms.length],
        random: this.random.branch(), clock, sentOf: this.publishers.sentOf }));
    }
    await until('all clients to be in their rooms', () =>
      this.clients.every((client) => client.joined.size > 0), SETTLE_MS);
    if (this.many > 0) {
      this.crowd = new Crowd({ build: this.build, edges: this.stack.edges, count: this.many, rooms: this.rooms });
      await this.crowd.ready();
    }
    this.publishers.start();
    this.#tell();
    this.#watch();
    this.#wander(rooms, this.random.branch());
    await until('the first events', () => this.#missingSince(0).length === 0, SETTLE_MS);
  }

  #watch() {
    for (const program of this.stack.programs) this.samples.set(program.name, []);
    const look = async (program) => {
      const { status, body } = await program.readiness();
      this.samples.get(program.name).push({ at: clock(), ready: status === 200,
        active: status === 200 && /active/.test(body), body });
    };
    this.watch = setInterval(() => this.stack.programs.forEach(look), SAMPLE_MS);
  }

  #tell() {
    this.tellers = this.clients.map((client) => new Teller(client, clock));
    this.tellers.forEach((teller, i) => teller.start((TELLING_MS * i) / this.count));
  }

  #wander(rooms, random) {
    this.wandering = setInterval(() => random.pick(this.clients).wander(random.pick(rooms)), WANDER_MS);
    this.rush = () => {
      for (const client of random.shuffled(this.clients).slice(0, this.clients.length / 2)) {
        client.wander(random.pick(rooms));
      }
      return sleep(random.below(RUSH_MS));
    };
  }

  // Clients that have not had an event that was sent after then.
  #missingSince(healed) {
    return this.clients.filter(({ newest }) => newest <= healed);
  }

  // Lets these faults happen at once, heals them, and waits until everybody hears fresh events.
  async suffer(chosen) {
    const from = clock();
    const begun = [];
    this.victim = this.together ? this.random.pick(this.stack.edges) : undefined;
    for (const fault of chosen) {
      if (begun.length > 0) await sleep(this.random.below(STAGGER_MS));
      await this.rush();
      begun.push(await fault.begin(this, this.random));
    }
    const lasts = Math.max(...chosen.map(({ least, most }) => this.random.between(least, most)));
    const what = begun.map((one) => one.what).join(' and ');
    this.say(`${what}, ${lasts} ms`);
    await sleep(lasts);
    await Promise.all(begun.map((one) => one.heal().catch((error) =>
      this.faults.push({ rule: 'not healed', text: `${one.what}: ${error.message}` }))));
    await this.#convalesce(chosen, begun, from, what);
  }

  async #convalesce(chosen, begun, from, what) {
    const healed = clock();
    const late = () => this.#missingSince(healed);
    await until('fresh events', () => late().length === 0, this.patience).catch(() => {});
    const missing = late();
    if (missing.length > 0) {
      this.faults.push({ rule: 'not fresh', text: `after ${what}: ${missing.length} clients had no `
        + `event within ${this.patience} ms: ${missing.slice(0, 5).map(({ user, socket, edge }) =>
          `${user} (${socket.connected ? 'connected' : 'not connected'}, ${edge.name})`).join(', ')}` });
      await until('fresh events', () => late().length === 0, SETTLE_MS).catch(() => {
        this.hopeless = `nobody helps after ${what}`;
      });
    }
    for (const { user, history } of missing.slice(0, 5)) this.#recount(user, history, from);
    const ms = Math.round(clock() - healed);
    this.heals.push({ what, names: chosen.map(({ name }) => name), ms });
    this.say(`  everybody has fresh events ${ms} ms later`);
    this.#remember(begun, from);
    await sleep(CALM_MS);
  }

  // What one client went through, without the events.
  #recount(user, history, from) {
    const words = history.filter(({ at, kind }) => at > from && kind !== 'event').map((entry) =>
      `${Math.round(entry.at - from)} ${entry.kind} ${entry.edge ?? entry.room ?? entry.reason}`);
    this.say(`  ${user}: ${words.join(', ')}`);
  }

  #remember(begun, from) {
    const span = { from: from - CALM_MS, to: clock() };
    for (const one of begun) {
      if (one.fault) this.faults.push({ rule: 'ended badly', text: one.fault });
      if (one.loses) this.excused.push(span);
      for (const edge of one.blind ?? []) this.blind.push({ edge, ...span });
    }
  }

  // Nothing more is published, and all that was has come where it belongs.
  async end() {
    clearInterval(this.wandering);
    await Promise.all([this.publishers, ...this.tellers].map((one) => one.fallSilent()));
    await this.#untilQuiet();
    await this.#untilToldAll();
    await this.#untilPresent(presence.expected(this.clients, this.counted, this.many));
    clearInterval(this.watch);
    await this.log.readOn();
    await this.log.stop();
    this.crowded = await this.crowd?.end();
    for (const { socket, history } of this.clients) {
      socket.removeAllListeners(); // what comes now is the suite's own doing
      history.closed = true;
    }
    for (const client of this.clients) client.close();
    await this.#untilEmpty();
    await this.#untilPresent(presence.nobody(presence.expected(this.clients, this.counted, 0)));
  }

  // What the clients told has come to the service, and nothing of it is left in Redis.
  async #untilToldAll() {
    this.told = this.tellers.flatMap(({ told }) => told);
    await until('what was told', () => !isOwed(this.told, this.service.arrived, this.log.erased),
      SETTLE_MS).catch(() => {});
    await until('an empty uplink', async () => {
      const [entries, bytes] = [await this.stack.redisDo('XLEN', 'ws:uplink'),
        await this.stack.redisDo('GET', 'ws:uplink:bytes')];
      this.left = { entries, bytes };
      return entries === 0 && bytes === null;
    }, SETTLE_MS).catch(() => {});
    await this.service.stop();
  }

  async #untilPresent(counts) {
    let faults;
    await until('presence', async () => {
      faults = presence.checkPresence(counts, await presence.read(this.stack, Object.keys(counts)));
      return faults.length === 0;
    }, this.patience + PRESENT_MS).catch(() => this.faults.push(...faults));
  }

  async #untilQuiet() {
    let last = -1;
    for (let quiet = 0; quiet < 4; await sleep(500)) {
      const now = this.clients.reduce((sum, { history }) => sum + history.length,
        this.log.entries.length);
      quiet = now === last ? quiet + 1 : 0;
      last = now;
    }
  }

  // What the programs hold now that all clients are gone; it sinks for a moment.
  async #untilEmpty() {
    await until('few descriptors', async () => {
      this.held = await this.#holdings();
      return Object.entries(this.held).every(([name, { fds }]) => fds <= this.base[name].fds);
    }, EMPTY_MS).catch(() => {});
  }

  async close() {
    clearInterval(this.watch);
    clearInterval(this.wandering);
    for (const client of this.clients) client.close();
    this.crowd?.kill();
    for (const teller of this.tellers ?? []) teller.running = false;
    await this.service?.stop();
    return this.stack.stop();
  }
}
