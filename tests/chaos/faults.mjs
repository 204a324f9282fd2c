// What is done to the stack. Each row: who it happens to, what it does, how it heals. `begin` gets
// the stage (stack, log reader) and chance, and returns {what, heal, ...}:
//
//   what     the words of the report
//   heal     makes it good; resolves when what was broken works again by itself
//   blind    names of edges whose clients cannot hear them meanwhile
//   loses    RabbitMQ itself loses messages that wait in it
//
// `on` names what two faults must not share to happen at once.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { until } from '../integration/support/wait.mjs';
import { amqp } from './packages.mjs';

const BROKER_MS = 60_000;
const BOUND_ANEW_MS = 35_000; // the relay looks at its bindings once in 30 s
const QUEUES = ['websocket.message.sent', 'websocket.booking.confirmed'];
const EXCHANGE = 'hometrip_events';
const CTL = '/usr/lib/rabbitmq/bin/rabbitmqctl';

// Both of a pair may be meant for one edge.
const edgeOf = ({ stack, victim }, random) => victim ?? random.pick(stack.edges);
const activeOf = ({ stack }) => stack.activeRelay();
const standbyOf = async ({ stack }) => {
  const active = await stack.activeRelay();
  return stack.relays.find((relay) => relay !== active);
};

const ends = (signal) => async (program) => {
  const status = await program.end(signal);
  const clean = signal === 'SIGKILL' || status.code === 0;
  return {
    what: `${program.name} ended by ${signal}`,
    fault: clean ? undefined : `${program.name} ended with ${JSON.stringify(status)}`,
    heal: async () => {
      program.start();
      await program.untilReady();
    },
  };
};

const freezes = () => async (program) => {
  program.signal('SIGSTOP');
  return { what: `${program.name} stopped for a while`, heal: async () => program.signal('SIGCONT') };
};

const ofProgram = (choose, act) => async (stage, random) => act(await choose(stage, random));

const spoils = (mode, choose) => async (stage, random) => {
  const { link, blind } = await choose(stage, random);
  link.spoil(mode, random);
  return { what: `${link.name} ${mode}`, blind, heal: async () => link.mend() };
};

const clientLink = (stage, random) => {
  const edge = edgeOf(stage, random);
  return { link: edge.clientLink, blind: [edge.name] };
};
const edgeToRedis = (stage, random) => ({ link: edgeOf(stage, random).redisLink });
const relayToRedis = async (stage) => ({ link: (await activeOf(stage)).redisLink });
const relayToRabbit = async (stage) => ({ link: (await activeOf(stage)).rabbitLink });

const nothingToHeal = async () => {};

// Connections of clients to all edges end, a little further on each time.
async function clientsChopped({ stack }, random) {
  for (const { clientLink: link } of stack.edges) link.spoil('chopped', random);
  return { what: 'clients chopped at all edges', blind: stack.edges.map(({ name }) => name),
    heal: async () => stack.edges.forEach(({ clientLink: link }) => link.mend()) };
}

// The machine of an edge is off the network. Its clients go elsewhere, and it does not hear of that:
// not that they are gone, nor that another edge has their sessions.
async function edgeIsolated(stage, random) {
  const edge = edgeOf(stage, random);
  edge.clientLink.spoil('gone');
  edge.redisLink.spoil('cut');
  return { what: `${edge.name} isolated`, blind: [edge.name], heal: async () => {
    edge.redisLink.mend();
    edge.clientLink.mend();
  } };
}

const redis = (what, ...args) => async ({ stack }) => {
  await stack.redisDo(...args);
  return { what, heal: nothingToHeal };
};

const redisSetting = (what, name, bad) => async ({ stack }) => {
  const [, good] = await stack.redisDo('CONFIG', 'GET', name);
  await stack.redisDo('CONFIG', 'SET', name, bad);
  return { what, heal: async () => stack.redisDo('CONFIG', 'SET', name, good) };
};

const broker = (kind, signal) => async ({ stack }) => {
  const it = stack[kind];
  it.child.signal(signal);
  if (signal === 'SIGSTOP') {
    return { what: `${kind} stopped for a while`, heal: async () => it.child.signal('SIGCONT') };
  }
  await it.child.exited;
  return {
    what: `${kind} ended by ${signal}`,
    heal: async () => {
      await it.start();
      if (kind === 'redis') await stack.replicate();
    },
  };
};

async function onChannel({ stack }, act) {
  const connection = await amqp.connect(stack.rabbitmq.url);
  connection.on('error', () => {});
  try {
    await act(await connection.createChannel());
  } finally {
    await connection.close().catch(() => {});
  }
}

async function rabbitmqctl({ stack }, ...args) {
  await promisify(execFile)('bash', ['-c', `${stack.rabbitmq.environment} exec "$0" "$@"`, CTL, ...args]);
}

const untilQueues = (stage) => until('the queues', async () => {
  await onChannel(stage, async (channel) => {
    for (const queue of QUEUES) await channel.checkQueue(queue);
  });
  return true;
}, BROKER_MS);

// Until a publication of each routing key has found its queue.
const untilTaken = ({ publishers }) => {
  const from = publishers.published.length;
  const isTaken = (kind) => publishers.published.slice(from).some((entry) =>
    entry.room.startsWith(kind) && entry.confirmed !== null && !entry.returned);
  return until('bindings', () => isTaken('conversation:') && isTaken('user:'), BOUND_ANEW_MS);
};

async function readonlyReplica({ stack, log }) {
  await log.readOn();
  // A replica of one that is not there: it refuses writes, and keeps what it has.
  await stack.redisDo('REPLICAOF', '127.0.0.1', '1');
  return { what: 'Redis is read-only', heal: async () => stack.redisDo('REPLICAOF', 'NO', 'ONE') };
}

async function failover({ stack, log }) {
  await stack.replicate();
  await stack.failOver(() => log.readOn());
  return { what: 'Redis fails over to its replica', heal: () => stack.replicate() };
}

async function flushAll({ log }) {
  await log.readAndErase();
  return { what: 'FLUSHALL', heal: nothingToHeal };
}

async function queueDeleted(stage, random) {
  const queue = random.pick(QUEUES);
  await onChannel(stage, (channel) => channel.deleteQueue(queue));
  return { what: `queue ${queue} deleted`, loses: true, heal: () => untilQueues(stage) };
}

async function exchangeDeleted(stage) {
  await onChannel(stage, (channel) => channel.deleteExchange(EXCHANGE));
  return { what: `exchange ${EXCHANGE} deleted`, loses: true, heal: () => untilTaken(stage) };
}

async function connectionsClosed(stage) {
  await rabbitmqctl(stage, 'close_all_connections', 'chaos');
  return { what: 'RabbitMQ closes all connections', heal: nothingToHeal };
}

async function diskAlarm(stage) {
  await rabbitmqctl(stage, 'set_disk_free_limit', '1000000000000000');
  return { what: 'disk alarm', heal: () => rabbitmqctl(stage, 'set_disk_free_limit', '50MB') };
}

// name: [on, how long in ms at least, at most, begin]
const TABLE = {
  'edge-kill': ['edges', 500, 2000, ofProgram(edgeOf, ends('SIGKILL'))],
  'edge-term': ['edges', 100, 1000, ofProgram(edgeOf, ends('SIGTERM'))],
  'edge-freeze': ['edges', 1000, 8000, ofProgram(edgeOf, freezes())],
  'edge-isolated': ['edges', 500, 3000, edgeIsolated],
  'edge-redis-late': ['edge-redis', 1000, 4000, spoils('late', edgeToRedis)],
  'clients-chopped': ['clients', 1000, 4000, clientsChopped],
  'relay-kill': ['relays', 500, 2000, ofProgram(activeOf, ends('SIGKILL'))],
  'relay-term': ['relays', 500, 2000, ofProgram(activeOf, ends('SIGTERM'))],
  'relay-freeze': ['relays', 1000, 18000, ofProgram(activeOf, freezes())],
  'standby-kill': ['relays', 500, 2000, ofProgram(standbyOf, ends('SIGKILL'))],
  'standby-freeze': ['relays', 1000, 8000, ofProgram(standbyOf, freezes())],
  'redis-kill': ['redis', 200, 3000, broker('redis', 'SIGKILL')],
  'redis-term': ['redis', 200, 3000, broker('redis', 'SIGTERM')],
  'redis-freeze': ['redis', 500, 6000, broker('redis', 'SIGSTOP')],
  'redis-clients-killed': ['redis', 0, 0, redis('CLIENT KILL of all clients', 'CLIENT', 'KILL', 'TYPE', 'normal')],
  'redis-subscribers-killed': ['redis', 0, 0, redis('CLIENT KILL of all subscribers', 'CLIENT', 'KILL', 'TYPE', 'pubsub')],
  'redis-pause': ['redis', 2000, 2000, redis('CLIENT PAUSE for 2 s', 'CLIENT', 'PAUSE', '2000', 'ALL')],
  'redis-scripts': ['redis', 0, 0, redis('SCRIPT FLUSH', 'SCRIPT', 'FLUSH')],
  'redis-flushall': ['redis', 0, 0, flushAll],
  'redis-full': ['redis', 1000, 4000, redisSetting('Redis out of memory', 'maxmemory', '1')],
  'redis-readonly': ['redis', 500, 4000, readonlyReplica],
  'redis-failover': ['redis', 0, 0, failover],
  'rabbitmq-kill': ['rabbitmq', 200, 1000, broker('rabbitmq', 'SIGKILL')],
  'rabbitmq-term': ['rabbitmq', 200, 1000, broker('rabbitmq', 'SIGTERM')],
  'rabbitmq-freeze': ['rabbitmq', 500, 8000, broker('rabbitmq', 'SIGSTOP')],
  'rabbitmq-queue': ['rabbitmq', 0, 0, queueDeleted],
  'rabbitmq-exchange': ['rabbitmq', 0, 0, exchangeDeleted],
  'rabbitmq-connections': ['rabbitmq', 0, 0, connectionsClosed],
  'rabbitmq-disk': ['rabbitmq', 1000, 4000, diskAlarm],
};

const LINKS = {
  clients: ['clients', clientLink],
  'edge-redis': ['edge-redis', edgeToRedis],
  'relay-redis': ['relays', relayToRedis],
  'relay-rabbitmq': ['relays', relayToRabbit],
};
const MODES = { cut: [200, 3000], silent: [500, 8000], slow: [1000, 4000], dribbling: [1000, 4000] };

for (const [between, [on, choose]] of Object.entries(LINKS)) {
  for (const [mode, [least, most]] of Object.entries(MODES)) {
    TABLE[`${between}-${mode}`] = [on, least, most, spoils(mode, choose)];
  }
}

// What CI leaves out, with the reason in docs/reliability.md.
export const NOT_IN_CI = [];

export const FAULTS = Object.fromEntries(Object.entries(TABLE)
  .map(([name, [on, least, most, begin]]) => [name, { name, on, least, most, begin }]));

