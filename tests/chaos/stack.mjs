// The whole gateway for one run: Redis with its append-only file and a second one to fail over to,
// RabbitMQ, two relays, three edges, and a link of its own between any two of them.
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from '../integration/support/child.mjs';
import { request } from '../integration/support/http.mjs';
import { freePorts } from '../integration/support/ports.mjs';
import { RabbitMq } from '../integration/support/rabbitmq.mjs';
import { Redis, command } from '../integration/support/redis.mjs';
import { SECRET } from '../integration/support/tokens.mjs';
import { Hopeless, until, within } from '../integration/support/wait.mjs';
import { Link } from './links.mjs';
import { USERS } from './presence.mjs';
import { CLIENT_EVENTS } from './uplink.mjs';

const HOST = '127.0.0.1';
const BUILT_IN = new URL('../../common/gateway_file/gateway.json', import.meta.url);
const START_MS = 60_000;
const PROBE_MS = 1000;

const SETTINGS = {
  SERVICE_HOST: HOST,
  JWT_SECRET: SECRET,
  ROOM_AUTHORIZATION: 'open',
  LOG_FORMAT: 'text',
  DRAIN_SECONDS: '1',
};
const EDGE_SETTINGS = {
  PING_INTERVAL: '3000',
  PING_TIMEOUT: '4000',
  MAX_SOCKETS_PER_USER: '0', // the crowd is one user
  MAX_EVENTS_PER_SECOND_PER_USER: '0',
};

// The built-in file, and what clients tell the services, and who is online and in a room.
async function writeGatewayFile(folder) {
  const file = JSON.parse(await readFile(BUILT_IN, 'utf8'));
  const path = join(folder, 'gateway.json');
  Object.assign(file, { users: USERS, clientEvents: CLIENT_EVENTS });
  file.rooms.conversation.presence = true;
  await writeFile(path, JSON.stringify(file));
  return path;
}

// A program of the gateway, which can end in any way and is started again on the same ports.
class Program {
  constructor(name, path, env, opsPort, folder) {
    Object.assign(this, { name, path, folder, opsUrl: `http://${HOST}:${opsPort}` });
    this.env = { ...SETTINGS, ...env, OPS_PORT: String(opsPort), LOG_DIR: '' };
    this.starts = 0;
    this.output = '';
  }

  start() {
    this.starts += 1;
    this.child = new Child(this.path, [], { name: this.name, env: this.env, cwd: this.folder });
  }

  // {status, body}; status 0 when it does not answer.
  async readiness() {
    return request(`${this.opsUrl}/ready`, { signal: AbortSignal.timeout(PROBE_MS) })
      .catch(() => ({ status: 0, body: '' }));
  }

  async untilReady() {
    await until(`${this.name} to be ready`, async () => {
      if (!this.child.running) throw new Hopeless(this.child.output);
      return (await this.readiness()).status === 200;
    }, START_MS);
  }

  signal(name) {
    this.child.signal(name);
  }

  async end(signal) {
    this.child.signal(signal);
    this.child.signal('SIGCONT');
    const status = await within(`the end of ${this.name}`, this.child.exited, START_MS);
    this.output += this.child.output;
    return status;
  }

  // What it holds: resident memory in bytes, and descriptors.
  async holds() {
    const { pid } = this.child;
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    const descriptors = await readdir(`/proc/${pid}/fd`);
    return { bytes: Number(/VmRSS:\s+(\d+)/.exec(status)[1]) * 1024, fds: descriptors.length };
  }
}

export class Stack {
  static async start({ build, edges = 3, relays = 2, shards = 1, env = {} }) {
    const stack = new Stack();
    stack.folder = await mkdtemp(join(tmpdir(), 'gateway-chaos-'));
    stack.links = [];
    try {
      await stack.#startBrokers();
      await stack.#startPrograms(build, edges, relays, {
        BUS_SHARDS: String(shards), GATEWAY_FILE: await writeGatewayFile(stack.folder), ...env });
    } catch (error) {
      await stack.stop();
      throw error;
    }
    return stack;
  }

  async #startBrokers() {
    [this.redis, this.spare, this.rabbitmq] = await Promise.all([
      Redis.start(join(this.folder, 'redis-1')), Redis.start(join(this.folder, 'redis-2')),
      RabbitMq.start(join(this.folder, 'rabbitmq'))]);
    await this.replicate();
  }

  async #link(name, target) {
    const link = await Link.to(name, target);
    this.links.push(link);
    return link;
  }

  async #startPrograms(build, edges, relays, env) {
    const toRedis = () => this.redis.port;
    const toRabbit = () => this.rabbitmq.port;
    const linked = async (name, far, target) => this.#link(`${name}-${far}`, target);
    const make = async (name, program, settings, opsPort) => {
      const redis = await linked(name, 'redis', toRedis);
      const made = new Program(name, join(build, program),
        { REDIS_HOST: HOST, REDIS_PORT: String(redis.port), RABBITMQ_HOST: HOST, ...settings, ...env },
        opsPort, this.folder);
      made.redisLink = redis;
      return made;
    };
    this.relays = [];
    this.edges = [];
    for (let i = 1; i <= relays; i++) {
      const rabbit = await linked(`relay-${i}`, 'rabbitmq', toRabbit);
      const relay = await make(`relay-${i}`, 'ws-relay',
        { RABBITMQ_PORT: String(rabbit.port) }, ...await freePorts(1));
      this.relays.push(Object.assign(relay, { rabbitLink: rabbit }));
    }
    for (let i = 1; i <= edges; i++) {
      const [port, opsPort] = await freePorts(2);
      const edge = await make(`edge-${i}`, 'ws-edge',
        { ...EDGE_SETTINGS, PORT: String(port), RABBITMQ_PORT: String(this.rabbitmq.port) }, opsPort);
      edge.clientLink = await this.#link(`clients-edge-${i}`, () => port);
      this.edges.push(Object.assign(edge, { port }));
    }
    for (const program of this.programs) program.start();
    await Promise.all(this.programs.map((program) => program.untilReady()));
  }

  get programs() {
    return [...(this.relays ?? []), ...(this.edges ?? [])];
  }

  // The relay that says of itself that it is active; while a broker is away, none may.
  async activeRelay() {
    const answers = await Promise.all(this.relays.map((relay) => relay.readiness()));
    return this.relays[Math.max(0, answers.findIndex(({ body }) => /active/.test(body)))];
  }

  redisDo(...args) {
    return command(this.redis.port, args, 1);
  }

  async replicate() {
    await command(this.spare.port, ['REPLICAOF', HOST, String(this.redis.port)]);
    await until('replication', async () =>
      /master_link_status:up/.test(await command(this.spare.port, ['INFO', 'replication'])), START_MS);
  }

  // The spare one becomes the primary when it has everything, as Redis' own FAILOVER does it, and the
  // name leads to it; nobody ends the connections. `before` is called when nothing is written any more.
  async failOver(before) {
    const old = this.redis;
    await command(old.port, ['CLIENT', 'PAUSE', String(START_MS), 'WRITE']);
    await before();
    await until('the replica to have everything', async () => {
      const offsets = await Promise.all([old, this.spare].map(async ({ port }) =>
        /master_repl_offset:(\d+)/.exec(await command(port, ['INFO', 'replication']))[1]));
      return offsets[0] === offsets[1];
    });
    await command(this.spare.port, ['REPLICAOF', 'NO', 'ONE']);
    await command(old.port, ['REPLICAOF', HOST, String(this.spare.port)]);
    [this.redis, this.spare] = [this.spare, old];
    await command(old.port, ['CLIENT', 'UNPAUSE']);
  }

  async stop() {
    for (const program of this.programs) await program.child?.kill().catch(() => {});
    for (const link of this.links) link.close();
    await Promise.all([this.redis, this.spare, this.rabbitmq].map(async (broker) => {
      broker?.child?.signal('SIGCONT');
      await broker?.stop().catch(() => {});
    }));
    await rm(this.folder, { recursive: true, force: true });
  }
}
