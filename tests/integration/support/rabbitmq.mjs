// A private RabbitMQ node: own data, own name, own port mapper, loopback only. Or several, as one
// cluster.
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import amqp from 'amqplib';
import { Child } from './child.mjs';
import { freePorts } from './ports.mjs';
import { Hopeless, until } from './wait.mjs';

const START_MS = 180_000; // a minute of a busy machine is not always enough

// The packaged /usr/sbin/rabbitmq-server changes to the user "rabbitmq" first; the one beneath
// runs as whoever calls it.
function serverScript() {
  const found = [process.env.RABBITMQ_SERVER, '/usr/lib/rabbitmq/bin/rabbitmq-server']
    .find((path) => path && existsSync(path));
  if (!found) throw new Error('no rabbitmq-server: install it, or name it in RABBITMQ_SERVER');
  return found;
}

export class RabbitMq {
  constructor(dir, [port, distribution, mapper, tlsPort], tls) {
    this.dir = dir;
    this.home = dir; // has the cookie of the cluster
    this.peers = [];
    this.tlsPort = tlsPort;
    this.tls = tls;
    this.port = port;
    this.distributionPort = distribution;
    this.mapperPort = mapper;
  }

  // `tls`: files of `ca`, `certificate` and `key`, and whether `clients` need certificates; then it
  // listens at `tlsPort` as well.
  static async start(dir, tls = undefined) {
    const rabbit = new RabbitMq(dir, await freePorts(4), tls);
    await rabbit.#prepare();
    try {
      await rabbit.start();
    } catch (error) {
      await rabbit.stop();
      throw error;
    }
    return rabbit;
  }

  // Nodes of one cluster, the first of which has the port mapper of all.
  static async cluster(dir, count) {
    const ports = await freePorts(4 * count);
    const nodes = Array.from({ length: count }, (_, i) =>
      new RabbitMq(join(dir, `node-${i}`), ports.slice(4 * i, 4 * i + 4)));
    for (const node of nodes) {
      node.home = nodes[0].dir;
      node.mapperPort = nodes[0].mapperPort;
      node.peers = nodes;
    }
    const stop = () => Promise.all(nodes.map((node) => node.stop()));
    try {
      for (const node of nodes) await node.#prepare();
      // The first makes the cookie, and each finds the ones before it.
      for (const node of nodes) await node.start();
    } catch (error) {
      await stop();
      throw error;
    }
    return nodes;
  }

  get name() {
    return `tests${this.port}@localhost`;
  }

  get url() {
    return `amqp://guest:guest@127.0.0.1:${this.port}`;
  }

  // What rabbitmqctl must find in its environment, in the words of a shell.
  get environment() {
    return `HOME='${this.home}' ERL_EPMD_PORT=${this.mapperPort} ERL_EPMD_ADDRESS=127.0.0.1 `
      + `RABBITMQ_NODENAME=${this.name} RABBITMQ_CONF_ENV_FILE='${this.dir}/env.conf'`;
  }

  #tlsSettings() {
    if (!this.tls) return [];
    return [
      `listeners.ssl.default = 127.0.0.1:${this.tlsPort}`,
      `ssl_options.cacertfile = ${this.tls.ca}`,
      `ssl_options.certfile = ${this.tls.certificate}`,
      `ssl_options.keyfile = ${this.tls.key}`,
      `ssl_options.verify = ${this.tls.clients ? 'verify_peer' : 'verify_none'}`,
      `ssl_options.fail_if_no_peer_cert = ${Boolean(this.tls.clients)}`,
    ];
  }

  // RabbitMQ 4 does not start before most of the nodes that it is told of can be reached.
  #clusterSettings() {
    const known = this.peers.slice(0, this.peers.indexOf(this) + 1);
    if (known.length === 0) return [];
    return ['cluster_formation.peer_discovery_backend = classic_config',
      ...known.map(({ name }, i) => `cluster_formation.classic_config.nodes.${i + 1} = ${name}`)];
  }

  async #prepare() {
    await mkdir(join(this.dir, 'log'), { recursive: true });
    await writeFile(join(this.dir, 'rabbitmq.conf'), [
      `listeners.tcp.default = 127.0.0.1:${this.port}`,
      'disk_free_limit.absolute = 50MB',
      'vm_memory_high_watermark.absolute = 1GB',
      'max_message_size = 134217728', // the default before RabbitMQ 4.0, which takes 16 MB
      'log.console = false',
      'log.file.level = warning',
      ...this.#tlsSettings(),
      ...this.#clusterSettings(),
      ''].join('\n'));
    await writeFile(join(this.dir, 'enabled_plugins'), '[].\n');
    await writeFile(join(this.dir, 'env.conf'), '');
    if (this.peers.indexOf(this) > 0) return;
    // Erlang would start one by itself, which then stays for ever.
    this.mapper = new Child('epmd', ['-port', String(this.mapperPort), '-address', '127.0.0.1'],
      { name: 'epmd' });
  }

  async start() {
    this.child = new Child(serverScript(), ['-noinput'], {
      name: 'rabbitmq-server',
      cwd: this.dir,
      env: {
        HOME: this.home,
        ERL_EPMD_PORT: String(this.mapperPort),
        ERL_EPMD_ADDRESS: '127.0.0.1',
        RABBITMQ_NODENAME: this.name,
        RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
        RABBITMQ_NODE_PORT: String(this.port),
        RABBITMQ_DIST_PORT: String(this.distributionPort),
        RABBITMQ_CONF_ENV_FILE: join(this.dir, 'env.conf'),
        RABBITMQ_CONFIG_FILE: join(this.dir, 'rabbitmq.conf'),
        RABBITMQ_ENABLED_PLUGINS_FILE: join(this.dir, 'enabled_plugins'),
        RABBITMQ_MNESIA_BASE: join(this.dir, 'mnesia'),
        RABBITMQ_LOG_BASE: join(this.dir, 'log'),
        RABBITMQ_PID_FILE: join(this.dir, 'pid'),
        // Idle schedulers sleep instead of spinning: the machine is the tests' as well.
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+sbwt none +sbwtdcpu none +sbwtdio none '
          + '-kernel inet_dist_use_interface {127,0,0,1}',
        RABBITMQ_ALLOW_INPUT: '1', // the script becomes the server, so its pid is the server's
      },
    });
    await until('RabbitMQ', async () => {
      if (!this.child.running) throw new Hopeless(this.child.output);
      const connection = await amqp.connect(this.url, { timeout: 1000 });
      await connection.close();
      return true;
    }, START_MS);
  }

  async kill() {
    await this.child.kill();
  }

  async stop() {
    await this.child?.stop();
    await this.mapper?.stop();
  }
}
