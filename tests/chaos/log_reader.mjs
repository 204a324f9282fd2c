// What stands in the log in Redis, whatever happens to it later: read again and again, and once
// more before the suite itself takes it away.
import { decode } from '../integration/support/proto.mjs';
import { createClient } from './packages.mjs';

const EVERY_MS = 100;
const PAGE = '5000';
const UPLINK = ['XRANGE', 'ws:uplink', '-', '+'];

export class LogReader {
  // `port` gives the port of the primary.
  constructor({ port, shards = 1, clock }) {
    Object.assign(this, { port, shards, clock });
    this.entries = []; // {shard, position, room, event, number, at, era}, as they were found
    this.era = 0; // how often the log was erased
    this.erased = []; // {user, number, attempt}: what waited in the uplink then
    this.last = Array(shards).fill('0-0');
    this.running = true;
  }

  start() {
    this.done = this.#loop();
  }

  async #loop() {
    while (this.running) {
      await this.readOn().catch(() => this.#part());
      await new Promise((resolve) => { setTimeout(resolve, EVERY_MS); });
    }
    await this.#part();
  }

  async #ask(commands) {
    if (this.client && this.connectedTo !== this.port()) await this.#part();
    if (!this.client) {
      this.connectedTo = this.port();
      const client = createClient({ database: 1,
        socket: { host: '127.0.0.1', port: this.connectedTo, reconnectStrategy: false } });
      client.on('error', () => {});
      await client.connect();
      this.client = client;
    }
    const answers = [];
    for (const command of commands) {
      answers.push(this.client.sendCommand(command, { returnBuffers: true }));
    }
    return Promise.all(answers);
  }

  async #part() {
    const { client } = this;
    this.client = null;
    await client?.disconnect().catch(() => {});
  }

  #rangeOf(shard) {
    return ['XRANGE', `ws:log:{${shard}}`, `(${this.last[shard]}`, '+', 'COUNT', PAGE];
  }

  // One read after the other, or an entry would be taken twice.
  #inTurn(act) {
    this.turn = (this.turn ?? Promise.resolve()).catch(() => {}).then(act);
    return this.turn;
  }

  readOn() {
    return this.#inTurn(async () => {
      this.#takeAll(await this.#ask(this.last.map((_, shard) => this.#rangeOf(shard))));
    });
  }

  // Reads what there is and erases it, with all else; nothing gets between the two.
  readAndErase() {
    return this.#inTurn(async () => {
      const ranges = this.last.map((_, shard) => this.#rangeOf(shard));
      const answers = await this.#ask([['MULTI'], ...ranges, UPLINK, ['FLUSHALL'], ['EXEC']]);
      this.#takeAll(answers.at(-1).slice(0, this.shards));
      this.#noteErased(answers.at(-1)[this.shards]);
      this.era += 1;
    });
  }

  #noteErased(entries) {
    for (const [, fields] of entries) {
      const body = fields[1 + fields.findIndex((field, i) => i % 2 === 0 && field.toString() === 'b')];
      this.erased.push(JSON.parse(body.toString()).data);
    }
  }

  #takeAll(pages) {
    pages.forEach((page, shard) => {
      for (const [id, fields] of page ?? []) this.#take(shard, id.toString(), fields[1]);
    });
  }

  #take(shard, position, bytes) {
    this.last[shard] = position;
    const { room, event, args } = decode('Envelope', bytes);
    const body = JSON.parse(args.toString());
    const number = body.message ?? body.bookingId;
    this.entries.push({ shard, position, room, event, number, at: this.clock(), era: this.era });
  }

  async stop() {
    this.running = false;
    await this.done;
  }
}
