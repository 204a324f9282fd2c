// Relays and edges for one test file.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after } from 'node:test';
import { emptyBrokers, sharedBrokers } from './brokers.mjs';
import { Child } from './child.mjs';
import { request } from './http.mjs';
import { freePorts } from './ports.mjs';
import { Services } from './services.mjs';
import { SECRET } from './tokens.mjs';
import { Hopeless, until } from './wait.mjs';

// A test file that does not come to its end is broken off, with all that it started.
const FILE_LIMIT_MS = 600_000;
setTimeout(() => {
  console.error(`not at its end after ${FILE_LIMIT_MS / 1000} s: ${process.argv[1]}`);
  process.exit(1);
}, FILE_LIMIT_MS).unref();

const root = fileURLToPath(new URL('../../..', import.meta.url));

// A program of the build under test.
export const built = (name) =>
  join(resolve(root, process.env.BUILD_DIR ?? 'build/release'), name);

const HOST = '127.0.0.1';

export function brokerSettings(brokers) {
  return {
    REDIS_HOST: HOST,
    REDIS_PORT: String(brokers.redis.port),
    RABBITMQ_HOST: HOST,
    RABBITMQ_PORT: String(brokers.rabbitmq.port),
  };
}

// One process of the gateway that can be stopped and started again on the same ports.
class Process {
  constructor(program, env, opsPort) {
    this.program = program;
    this.env = { OPS_PORT: String(opsPort), ...env };
    this.opsUrl = `http://${HOST}:${opsPort}`;
  }

  async start() {
    this.dir ??= await mkdtemp(join(tmpdir(), `${this.program}-`));
    this.child = new Child(built(this.program), [],
      { name: this.program, env: this.env, cwd: this.dir });
  }

  async ready() {
    await until(`${this.program} to be ready`, async () => {
      if (!this.child.running) throw new Hopeless(this.child.output);
      return (await request(`${this.opsUrl}/ready`)).status === 200;
    });
  }

  // One number of the operations port's Prometheus text; without labels the sum over all.
  async metric(series) {
    const { body } = await request(`${this.opsUrl}/metrics`);
    const lines = body.split('\n').filter((line) =>
      line.startsWith(`${series} `) || line.startsWith(`${series}{`));
    assert.ok(lines.length > 0, `${series} is not among the metrics`);
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  }

  get log() {
    return this.child.output;
  }

  // The lines on its console that have come so far, without one of which there is only a part.
  get lines() {
    return this.child.stdout.split('\n').slice(0, -1);
  }

  // Those that are JSON.
  logLines() {
    return this.lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  }

  // Waits for a line with this in it, which comes over a pipe of its own, perhaps long after what it
  // is about; returns what was found.
  async logs(pattern) {
    return until(`${pattern} in the log of ${this.program}`, () =>
      this.lines.map((line) => pattern.exec(line)).find(Boolean));
  }

  kill() {
    return this.child.kill();
  }

  // Ends it as an operator would, and looks at how it ended.
  async stop() {
    if (!this.child?.running) return;
    assert.deepEqual(await this.child.stop(), { code: 0, signal: null },
      `${this.program} did not end well:\n${this.log}`);
  }

  // A sanitizer's report fails the file, whenever it came.
  checkReports() {
    assert.doesNotMatch(this.child?.stderr ?? '', /Sanitizer|runtime error:/);
  }

  async remove() {
    await this.child?.kill();
    if (this.dir) await rm(this.dir, { recursive: true, force: true });
  }
}

export class Relay extends Process {
  constructor(env, opsPort) {
    super('ws-relay', env, opsPort);
  }
}

export class Edge extends Process {
  constructor(env, opsPort, port) {
    super('ws-edge', { PORT: String(port), ...env }, opsPort);
    this.port = port;
    this.url = `http://${HOST}:${port}`;
  }
}

class Gateway {
  constructor(brokers, env) {
    this.brokers = brokers;
    this.env = {
      ...brokerSettings(brokers),
      SERVICE_HOST: HOST,
      JWT_SECRET: SECRET,
      ROOM_AUTHORIZATION: 'open',
      DRAIN_SECONDS: '1',
      ...env,
    };
    this.relays = [];
    this.edges = [];
  }

  get relay() {
    return this.relays[0];
  }

  get edge() {
    return this.edges[0];
  }

  // Further ones, beside those that gateway() started.
  async addRelay(env = {}) {
    const relay = new Relay({ ...this.env, ...env }, ...await freePorts(1));
    this.relays.push(relay);
    await relay.start();
    return relay;
  }

  async addEdge(env = {}, port = undefined) {
    const [free, opsPort] = await freePorts(2);
    const edge = new Edge({ ...this.env, ...env }, opsPort, port ?? free);
    this.edges.push(edge);
    await edge.start();
    return edge;
  }

  async ready() {
    await Promise.all([...this.relays, ...this.edges].map((process) => process.ready()));
  }

  async stop() {
    const all = [...this.edges, ...this.relays];
    try {
      await this.services?.close();
      // Relays last: an edge that drains may still deliver.
      await Promise.all(this.edges.map((edge) => edge.stop()));
      await Promise.all(this.relays.map((relay) => relay.stop()));
      for (const process of all) process.checkReports();
    } finally {
      await Promise.all(all.map((process) => process.remove()));
    }
  }
}

// Starts a gateway for this test file, on empty brokers, and ends it after the last test. That it
// ends with exit code 0 and without a sanitizer's report is a test of every file.
export async function gateway({ edges = 1, relays = 1, env, relayEnv, brokers } = {}) {
  const made = new Gateway(brokers ?? sharedBrokers(), env);
  after(async () => {
    try {
      await made.stop();
    } finally {
      await brokers?.stop();
    }
  });
  await emptyBrokers(made.brokers);
  for (let i = 0; i < relays; i++) await made.addRelay(relayEnv);
  for (let i = 0; i < edges; i++) await made.addEdge();
  await made.ready();
  made.services = await Services.connect(made.brokers);
  return made;
}
