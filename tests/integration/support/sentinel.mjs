// Sentinels that watch a primary and promote its replica within a second or two.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient } from 'redis';
import { Child } from './child.mjs';
import { freePorts } from './ports.mjs';
import { Redis, command } from './redis.mjs';
import { until } from './wait.mjs';
import { Wire } from './wire.mjs';

export const MASTER = 'trips';
const DOWN_AFTER_MS = 1000;

export class Sentinels {
  // Three of them, with a password if one is given, for the primary at `port`.
  static async start(dir, port, password) {
    const sentinels = new Sentinels();
    sentinels.password = password;
    sentinels.ports = await freePorts(3);
    sentinels.children = [];
    await mkdir(dir, { recursive: true });
    for (const own of sentinels.ports) {
      const file = join(dir, `sentinel-${own}.conf`);
      await writeFile(file, [`port ${own}`, 'bind 127.0.0.1', `dir ${dir}`,
        `sentinel monitor ${MASTER} 127.0.0.1 ${port} 2`,
        `sentinel down-after-milliseconds ${MASTER} ${DOWN_AFTER_MS}`,
        `sentinel failover-timeout ${MASTER} 6000`,
        ...(password ? [`requirepass ${password}`] : [])].join('\n'));
      sentinels.children.push(new Child('redis-server', [file, '--sentinel'], { name: 'sentinel' }));
    }
    await until('the Sentinels to know one another and the replica', async () => {
      for (const own of sentinels.ports) {
        const told = await sentinels.#ask(own, ['SENTINEL', 'MASTER', MASTER]);
        const fields = Object.fromEntries(told.flatMap((word, i) => (i % 2 ? [] : [[word, told[i + 1]]])));
        if (fields['num-other-sentinels'] !== '2' || fields['num-slaves'] !== '1') return false;
      }
      return true;
    });
    return sentinels;
  }

  // They watch one more primary.
  async watch(name, port) {
    for (const own of this.ports) {
      await this.#ask(own, ['SENTINEL', 'MONITOR', name, '127.0.0.1', String(port), '2']);
    }
  }

  async #ask(port, args) {
    const client = createClient({ password: this.password,
      socket: { host: '127.0.0.1', port, reconnectStrategy: false } });
    client.on('error', () => {});
    await client.connect();
    try {
      return await client.sendCommand(args);
    } finally {
      await client.disconnect().catch(() => {});
    }
  }

  // As REDIS_SENTINELS has it.
  get list() {
    return this.ports.map((port) => `127.0.0.1:${port}`).join(',');
  }

  // The port of the primary, as most of them say.
  async primary() {
    const all = await Promise.all(this.ports.map((port) =>
      this.#ask(port, ['SENTINEL', 'get-master-addr-by-name', MASTER])));
    return Number(all.map(([, port]) => port).sort()[1]);
  }

  async stop() {
    await Promise.all(this.children.map((child) => child.kill()));
  }
}

export async function replicate(replica, port) {
  await command(replica.port, ['REPLICAOF', '127.0.0.1', String(port)]);
  await until('replication', async () =>
    /master_link_status:up/.test(await command(replica.port, ['INFO', 'replication'])));
}

// The Redis of `brokers` behind a wire, a replica of it, and Sentinels that know it by the wire.
// `settings` are those of relays and edges.
export async function primaryBehindWire(brokers) {
  const wire = await Wire.to(brokers.redis.port);
  const replica = await Redis.start(join(brokers.dir, 'replica'));
  await replicate(replica, wire.port);
  const sentinels = await Sentinels.start(join(brokers.dir, 'sentinels'), wire.port);
  return {
    wire,
    replica,
    settings: { REDIS_HOST: '', REDIS_PORT: '', REDIS_SENTINELS: sentinels.list,
      REDIS_MASTER_NAME: MASTER },
    stop: async () => {
      await sentinels.stop();
      await replica.stop();
      wire.close();
    },
  };
}
