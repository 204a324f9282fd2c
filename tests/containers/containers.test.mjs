// What docker-compose.yml has started, with three edges and two relays: who runs, what they may do
// and whom they reach. tests/containers/run starts it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containers, inside, untilHealthy } from './stack.mjs';

const SCALED = { edge: 3, proxy: 1, rabbitmq: 1, redis: 1, relay: 2 };
const PORTS = { proxy: 3002, edge: 3002, relay: 9103, redis: 6379, rabbitmq: 5672 };
const REACHED = [['proxy', 'edge'], ['edge', 'redis'], ['relay', 'redis'], ['relay', 'rabbitmq']];
const OUT_OF_REACH = [
  ['proxy', 'redis'], ['proxy', 'rabbitmq'], ['proxy', 'relay'], ['edge', 'rabbitmq'],
  ['rabbitmq', 'redis'], ['rabbitmq', 'edge'], ['redis', 'rabbitmq'], ['redis', 'proxy'],
];

test('every container is healthy', async (t) => {
  await untilHealthy();
  const all = await containers();
  const count = (service) => all.filter((container) => container.service === service).length;
  const services = [...new Set(all.map(({ service }) => service))].sort();
  assert.deepEqual(Object.fromEntries(services.map((name) => [name, count(name)])), SCALED);
  t.diagnostic(all.map(({ name, health }) => `${name} ${health}`).join(', '));
});

test('no container is root, has capabilities or can write to its root', async (t) => {
  for (const container of await containers()) {
    const status = await inside(container, 'cat', '/proc/1/status');
    const field = (name) => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)[1];
    assert.notEqual(field('Uid'), '0', `${container.name} runs as root`);
    for (const set of ['CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      assert.equal(Number.parseInt(field(set), 16), 0, `${set} of ${container.name}`);
    assert.equal(field('NoNewPrivs'), '1', container.name);
    assert.equal(field('Seccomp'), '2', container.name);
    for (const folder of ['/', '/etc', '/usr/local/bin'])
      assert.equal(await inside(container, 'touch', `${folder}/written`), false, container.name);
    assert.match(await inside(container, 'cat', '/proc/1/mounts'), /^\S+ \/ overlay ro,/m);
    t.diagnostic(`${container.name}: user ${container.config.User}, uid ${field('Uid')}`);
  }
});

test('every container has limits and is started again', async (t) => {
  for (const { name, host } of await containers()) {
    assert.ok(host.Memory > 0 && host.NanoCpus > 0 && host.PidsLimit > 0, name);
    assert.equal(host.RestartPolicy.Name, 'unless-stopped', name);
    t.diagnostic(`${name}: ${host.Memory / 2 ** 20} MB, ${host.NanoCpus / 1e9} CPU,`
      + ` ${host.PidsLimit} processes`);
  }
});

test('the files of logs are written', async () => {
  for (const container of [...await containers('edge'), ...await containers('relay')]) {
    const lines = await inside(container, 'cat', '/var/log/websocket-gateway/all.log');
    assert.match(lines, /operations port open/);
  }
});

async function reachesAddress(container, address, port) {
  const open = `exec 3<>/dev/tcp/${address}/${port} && echo open`;
  return await inside(container, 'timeout', '2', 'bash', '-c', open) === 'open';
}

// By each address that the other one has.
async function reaches(from, to) {
  const [[source], [target]] = await Promise.all([containers(from), containers(to)]);
  for (const address of target.addresses)
    if (await reachesAddress(source, address, PORTS[to])) return true;
  return false;
}

test('containers reach whom they must and nobody else', async () => {
  for (const [from, to] of REACHED)
    assert.ok(await reaches(from, to), `${from} does not reach ${to}`);
  for (const [from, to] of OUT_OF_REACH)
    assert.equal(await reaches(from, to), false, `${from} reaches ${to}`);
});

test('edges and Redis have no way out', async () => {
  for (const [service, hasOne] of [['edge', false], ['redis', false], ['rabbitmq', true]]) {
    const [container] = await containers(service);
    const reached = await reachesAddress(container, process.env.NAME_SERVER, 53);
    assert.equal(reached, hasOne, service);
  }
});
