// A private redis-server whose data survives a kill -9, and a client for it.
import { cp, mkdir, rename, rm } from 'node:fs/promises';
import { createClient } from 'redis';
import { Child } from './child.mjs';
import { freePort } from './ports.mjs';
import { Hopeless, until } from './wait.mjs';

export class Redis {
  constructor(dir, port) {
    this.dir = dir;
    this.port = port;
  }

  // `args` are further arguments of redis-server.
  static async start(dir, args = []) {
    await mkdir(dir, { recursive: true });
    const redis = new Redis(dir, await freePort());
    redis.args = args;
    await redis.start();
    return redis;
  }

  // While an fsync of `everysec` is late Redis answers before it has written, and whoever kills it then
  // loses what was answered. Without fsync it always writes first, and the machine does not die here.
  async start() {
    this.child = new Child('redis-server', ['--port', String(this.port), '--bind', '127.0.0.1',
      '--dir', this.dir, '--save', '', '--appendonly', 'yes', '--appendfsync', 'no', '--daemonize', 'no', ...this.args],
    { name: 'redis-server' });
    await until('redis-server', async () => {
      if (!this.child.running) throw new Hopeless(this.child.output);
      return (await command(this.port, ['PING'])) === 'PONG';
    });
  }

  async kill() {
    await this.child.kill();
  }

  // Keeps a copy of what is on the disk by now. A command that is being written is not part of it.
  async save() {
    await rm(`${this.dir}.saved`, { recursive: true, force: true });
    await cp(this.dir, `${this.dir}.saved`, { recursive: true });
  }

  // After kill(): forgets all that came after save().
  async restore() {
    await rm(this.dir, { recursive: true });
    await rename(`${this.dir}.saved`, this.dir);
  }

  async stop() {
    await this.child.stop();
  }
}

// One command on a connection of its own, in the database that the gateway uses by default.
export async function command(port, args, database = 1) {
  const client = createClient({
    database,
    socket: { host: '127.0.0.1', port, reconnectStrategy: false },
  });
  client.on('error', () => {}); // connect() and the command report it
  await client.connect();
  try {
    return await client.sendCommand(args);
  } finally {
    await client.disconnect().catch(() => {});
  }
}
