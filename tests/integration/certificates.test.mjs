// The certificates towards brokers and services are read again while the programs run: when their
// files change, and on SIGHUP. Files that are wrong are refused, and the old ones stay in use.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { sharedBrokers } from './support/brokers.mjs';
import { Authority } from './support/certificates.mjs';
import { run } from './support/child.mjs';
import { connect, newConversation } from './support/clients.mjs';
import { built, gateway } from './support/gateway.mjs';
import { Key, KeyServer } from './support/key_server.mjs';
import { RoomService } from './support/room_service.mjs';
import { TlsFront } from './support/tls_front.mjs';
import { until } from './support/wait.mjs';

const dir = await mkdtemp(join(tmpdir(), 'certificates-'));
const servers = [];
after(async () => {
  await Promise.all(servers.map((server) => server.close()));
  await rm(dir, { recursive: true, force: true });
});

const authorities = ['one', 'two', 'three'].map((name) => new Authority(join(dir, name), name));
const clients = new Map(authorities.map((authority) => [authority, authority.issue('gateway')]));
const [one, two, three] = authorities;

const made = await gateway({ edges: 0 });
const { code } = await run(built('ws-edge'), ['--check-config'], { env: { REDIS_TLS: 'true' } });
const redisHasTls = code === 0;

// The files of one kind of server, as the settings of one gateway name them.
class Files {
  static async of(prefix, kinds) {
    const files = new Files();
    files.prefix = prefix;
    files.dir = join(dir, prefix);
    files.kinds = kinds;
    await mkdir(files.dir);
    await files.use(one);
    return files;
  }

  path(kind) {
    return join(this.dir, `${kind}.pem`);
  }

  get env() {
    return Object.fromEntries(this.kinds.map((kind) => [`${this.prefix}_${kind}_FILE`, this.path(kind)]));
  }

  // As a person would who is careful: each file is whole when it gets its name.
  async #put(kind, from) {
    await copyFile(from, `${this.path(kind)}.new`);
    await rename(`${this.path(kind)}.new`, this.path(kind));
  }

  async use(authority) {
    const { certificate, key } = clients.get(authority);
    const sources = { CA: authority.certificate, CERT: certificate, KEY: key };
    for (const kind of this.kinds) await this.#put(kind, sources[kind]);
  }
}

async function reads(process, pattern, act) {
  const from = process.lines.length;
  await act();
  await until(`${pattern} in the log of ${process.program}`, () =>
    process.lines.slice(from).some((line) => pattern.test(line)));
}

const reloads = (process, result) =>
  process.metric(`${process.program.replace('-', '_')}_reloads_total{result="${result}"}`);

// Of a gateway that shares the brokers with others.
const own = (number) => ({ REDIS_DB: String(number), QUEUE_PREFIX: `gateway-${number}.` });

// What each server needs for the tests below: `processes` that connect to it, `files`, use(authority)
// drop() and settles() of its side, works(), and `accepted`, the number of connections so far.
const stages = {
  RABBITMQ: async () => {
    const files = await Files.of('RABBITMQ', ['CA', 'CERT', 'KEY']);
    const front = await TlsFront.to(sharedBrokers().rabbitmq.port, one);
    const edge = await made.addEdge(own(2));
    const relay = await made.addRelay({ ...files.env, ...own(2), RABBITMQ_TLS: 'true',
      RABBITMQ_HOST: 'localhost', RABBITMQ_PORT: String(front.port) });
    return brokerStage(files, front, relay, edge, [relay]);
  },
  REDIS: async () => {
    const files = await Files.of('REDIS', ['CA', 'CERT', 'KEY']);
    const front = await TlsFront.to(sharedBrokers().redis.port, one);
    const env = { ...files.env, ...own(3), REDIS_TLS: 'true', REDIS_HOST: 'localhost',
      REDIS_PORT: String(front.port) };
    const [relay, edge] = [await made.addRelay(env), await made.addEdge(env)];
    return brokerStage(files, front, relay, edge, [relay, edge]);
  },
  ROOM_AUTHORIZATION: async () => {
    const files = await Files.of('ROOM_AUTHORIZATION', ['CA']);
    const service = await RoomService.start({ tls: tlsOf(one) });
    const edge = await made.addEdge({ ...files.env, ROOM_AUTHORIZATION: 'service',
      MESSAGE_SERVICE_URL: service.url, ROOM_AUTHORIZATION_CACHE_SECONDS: '0' });
    return serviceStage(files, service, edge, async (t) => {
      const client = await connect(t, edge, { userId: 'u1' });
      await client.join('conversation', newConversation().id);
    });
  },
  JWT_JWKS: async () => {
    const files = await Files.of('JWT_JWKS', ['CA']);
    const provider = await KeyServer.start({ tls: tlsOf(one), keys: [new Key('k0')] });
    const edge = await made.addEdge({ ...files.env, JWT_JWKS_URL: provider.url, JWT_JWKS_REFRESH: '1',
      JWT_ALGORITHMS: 'HS256,ES256' });
    provider.server.on('secureConnection', () => { provider.connections += 1; });
    provider.connections = 0;
    let keys = 0;
    return serviceStage(files, provider, edge, async (t) => {
      const key = new Key(`k${keys += 1}`);
      provider.show(key);
      const answered = () => edge.metric('ws_edge_jwks_fetches_total{result="good"}');
      const before = await answered();
      await until('two fetches', async () => await answered() > before + 1);
      await connect(t, edge, { auth: { token: key.token('u1') } });
    });
  },
};

function tlsOf(authority) {
  const { certificate, key } = authority.issue('server', { names: ['DNS:localhost'] });
  return { cert: readFileSync(certificate), key: readFileSync(key) };
}

// Afterwards as many connections come back as there were.
function dropping(front) {
  let held;
  return {
    drop: () => {
      held = front.pairs.size;
      front.drop();
    },
    settles: () => until('the connections to come back', () => front.pairs.size >= held),
  };
}

async function brokerStage(files, front, relay, edge, processes) {
  servers.push(front);
  await Promise.all([relay.ready(), edge.ready()]);
  return { files, processes,
    use: (authority) => front.use(authority),
    ...dropping(front),
    accepted: () => front.accepted,
    stop: () => Promise.all([relay.stop(), edge.stop()]),
    works: async (t) => {
      await Promise.all([relay.ready(), edge.ready()]);
      const client = await connect(t, edge, { userId: 'u1' });
      const room = newConversation();
      await client.join('conversation', room.id);
      await made.services.publish('message.sent', { conversationId: room.id, message: 'here' });
      assert.equal((await client.next('new_message')).message, 'here');
    } };
}

async function serviceStage(files, service, edge, works) {
  servers.push(service);
  await edge.ready();
  return { files, works, processes: [edge],
    use: (authority) => service.server.setSecureContext(tlsOf(authority)),
    drop: () => service.server.closeAllConnections(),
    settles: () => {}, // the next request opens a connection
    accepted: () => service.connections,
    stop: () => edge.stop() };
}

const garbage = '-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n';
const brokers = ['RABBITMQ', 'REDIS']; // take certificates of the client
const wrongFiles = [
  ['CA', 'an authority that is none', (path) => writeFile(path, garbage), /_CA_FILE .* cannot be used: /],
  ['KEY', 'the key of another', (path) => copyFile(two.key, path), /_KEY_FILE .* cannot be used: key values mismatch/],
];

// Each waits for changes of its own files.
describe('certificates', { concurrency: true }, () => {
  for (const [prefix, make] of Object.entries(stages)) {
    describe(prefix, { concurrency: false, skip: prefix === 'REDIS' && !redisHasTls }, () => {
      const loaded = new RegExp(`loaded the certificates again what=${prefix}"`);
      let stage;

      const onAll = (pattern, act) => stage.processes.reduce(
        (inner, process) => () => reads(process, pattern, inner), act)();
      const reconnects = async (t) => {
        const before = stage.accepted();
        stage.drop();
        await stage.settles();
        await stage.works(t);
        assert.ok(stage.accepted() > before);
      };

      test('it works', async (t) => {
        stage = await make();
        await stage.works(t);
      });

      for (const [kind, name, spoil, fault] of wrongFiles) {
        if (kind !== 'CA' && !brokers.includes(prefix)) continue;
        test(`${name} is refused, and the old ones stay`, async (t) => {
          const { files, processes } = stage;
          const before = await Promise.all(processes.map((process) => reloads(process, 'refused')));
          const line = new RegExp(`what=certificates reason=.*${prefix}${fault.source}`);
          await onAll(line, () => spoil(files.path(kind)));
          for (const [i, process] of processes.entries()) {
            await until('it to be counted', async () => await reloads(process, 'refused') > before[i]);
          }
          await reconnects(t);
        });
      }

      test('new ones are for new connections, and break none', async (t) => {
        stage.use(two);
        // A machine that stands still may break one as well, but not each time.
        await until('a reading that breaks no connection', async () => {
          const before = stage.accepted();
          await onAll(loaded, () => stage.files.use(two));
          await stage.works(t);
          return stage.accepted() === before;
        });
        await reconnects(t);
      });

      test('SIGHUP takes them at once', async (t) => {
        stage.use(three);
        await onAll(loaded, async () => {
          await stage.files.use(three);
          for (const process of stage.processes) process.child.signal('SIGHUP');
        });
        await reconnects(t);
        await stage.stop();
      });
    });
  }
});
