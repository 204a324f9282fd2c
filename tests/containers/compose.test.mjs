// docker-compose.yml with three edges, from outside: what its containers may do, and official
// clients through the proxy while parts of it come and go. tests/containers/run starts it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Services } from '../integration/support/services.mjs';
import { until } from '../integration/support/wait.mjs';
import { compose, containers, docker, inside, metric, whereUsersAre } from './stack.mjs';
import { allHear, KINDS, publish, settle, Traveller, twice } from './travellers.mjs';

const EACH = 6; // clients of each kind at first
const MOST = 40;
const SCRAPED = { edge: 3, relay: 2 };
const SERVICES = ['edge', 'proxy', 'rabbitmq', 'redis', 'relay'];

const say = (t, text) => t.diagnostic(text);
const travellers = [];
let services;

before(async () => {
  services = await Services.connect({ rabbitmq: { url: process.env.RABBITMQ_URL } });
});

after(async () => {
  travellers.forEach(({ client }) => client.close());
  await services.close();
});

async function allHealthy() {
  const all = await containers();
  return all.length > 0 && all.every(({ health }) => health === 'healthy');
}

const count = (list) => list.reduce((sums, key) => ({ ...sums, [key]: (sums[key] ?? 0) + 1 }), {});
const disconnects = () => travellers.map(({ client }) => client.disconnects.length);
const edges = async () => (await containers('edge')).map(({ name }) => name);

test('every container is healthy', async (t) => {
  await until('all containers to be healthy', allHealthy, 60_000);
  const all = await containers();
  assert.deepEqual([...new Set(all.map(({ service }) => service))].sort(), SERVICES);
  assert.equal((await containers('edge')).length, 3);
  assert.equal((await containers('relay')).length, 2);
  say(t, all.map(({ name, health }) => `${name} ${health}`).join(', '));
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
    assert.ok(container.host.Memory > 0 && container.host.NanoCpus > 0, container.name);
    assert.ok(container.host.PidsLimit > 0, container.name);
    assert.equal(container.host.RestartPolicy.Name, 'unless-stopped');
    say(t, `${container.name}: user ${container.config.User}, uid ${field('Uid')},`
      + ` ${container.host.Memory / 2 ** 20} MB, ${container.host.NanoCpus / 1e9} CPU`);
  }
});

test('the files of logs are written, and only there', async () => {
  for (const container of [...await containers('edge'), ...await containers('relay')]) {
    const lines = await inside(container, 'cat', '/var/log/websocket-gateway/all.log');
    assert.match(lines, /operations port open/);
  }
});

for (const kind of Object.keys(KINDS)) {
  test(`clients on all three edges: ${kind}`, async (t) => {
    const ours = [];
    let places = [];
    while (new Set(places).size < 3 && ours.length < MOST) {
      for (let i = 0; i < EACH; i += 1) ours.push(new Traveller(kind));
      await settle(ours);
      const where = await whereUsersAre();
      places = ours.map(({ user }) => where[user]);
    }
    travellers.push(...ours);
    assert.deepEqual([...new Set(places)].sort(), await edges());
    assert.ok(ours.every(({ client }) => client.disconnects.length === 0), 'none was thrown out');
    say(t, JSON.stringify(count(places)));
  });
}

test('an event reaches every client on every edge once', async (t) => {
  const id = await publish(services);
  await allHear(travellers, id);
  assert.deepEqual(twice(travellers, id), []);
  const transports = count(travellers.map(({ client }) => client.transport));
  say(t, `${travellers.length} clients heard it: ${JSON.stringify(transports)}`);
});

test('a poll of 25 s and a WebSocket that is silent for so long are not cut', async (t) => {
  const before = disconnects();
  await new Promise((resolve) => { setTimeout(resolve, 60_000); });
  assert.deepEqual(disconnects(), before);
  const id = await publish(services);
  await allHear(travellers, id);
  say(t, `${travellers.length} clients were still there after 60 s`);
});

test('Prometheus finds every edge and relay, and knows the alerts', async (t) => {
  await compose('up', '-d', '--no-recreate', '--scale', 'edge=3', '--scale', 'relay=2',
    'relay', 'edge', 'prometheus'); // Compose 2 scales only what is named
  await until('all containers to be healthy', allHealthy, 60_000);
  const [prometheus] = await containers('prometheus');
  const ask = async (what) =>
    (await (await fetch(`http://127.0.0.1:9090/api/v1/${what}`)).json()).data;
  await until('all targets to be up', async () => {
    const up = (await ask('targets')).activeTargets.filter(({ health }) => health === 'up');
    assert.deepEqual(count(up.map(({ labels }) => labels.job)), SCRAPED);
    return true;
  }, 60_000);
  const rules = (await ask('rules')).groups.flatMap((group) => group.rules);
  assert.ok(rules.length > 0);
  say(t, `${rules.length} alerts; targets ${JSON.stringify(SCRAPED)}`);
  await compose('rm', '--stop', '--force', prometheus.service);
});

test('a restart of both relays: no client notices, nothing is lost', async (t) => {
  const before = disconnects();
  const restart = compose('restart', 'relay');
  const ids = [];
  for (let i = 0; i < 20; i += 1) {
    ids.push(await publish(services));
    await new Promise((resolve) => { setTimeout(resolve, 200); });
  }
  await restart;
  for (const id of ids) await allHear(travellers, id);
  for (const id of ids) assert.deepEqual(twice(travellers, id), []);
  assert.deepEqual(disconnects(), before);
  await until('all containers to be healthy', allHealthy, 60_000);
  say(t, `${ids.length} events were published meanwhile; all clients heard each once`);
});

test('a second relay takes over from one that is killed', async (t) => {
  const states = await Promise.all((await containers('relay')).map(async (relay) =>
    ({ relay, active: await metric(relay, 'bus', 9103, 'ws_relay_active') })));
  const active = states.filter((state) => state.active === 1);
  assert.equal(active.length, 1, 'one of them is active');
  const before = disconnects();
  await docker('stop', '--time', '0', active[0].relay.id);
  const id = await publish(services);
  await allHear(travellers, id);
  assert.deepEqual(disconnects(), before);
  await docker('start', active[0].relay.id);
  await until('all containers to be healthy', allHealthy, 60_000);
  say(t, `${active[0].relay.name} was killed, and the other one delivered`);
});

test('an edge that is stopped hands its clients over', async (t) => {
  const where = await whereUsersAre();
  const [leaving] = await containers('edge');
  const before = disconnects();
  const stopped = docker('stop', '--time', '30', leaving.id);
  await until('its clients to be elsewhere', async () => {
    const now = await whereUsersAre();
    return travellers.every(({ user }) => now[user] && now[user] !== leaving.name);
  }, 60_000);
  await stopped;
  await settle(travellers);
  const after = disconnects();
  const moved = travellers.filter(({ user }) => where[user] === leaving.name);
  travellers.forEach(({ user }, i) => {
    if (where[user] !== leaving.name) assert.equal(after[i], before[i], `${user} was disturbed`);
  });
  const id = await publish(services);
  await allHear(travellers, id);
  say(t, `${moved.length} clients of ${leaving.name} went elsewhere, no other one noticed`);
  await docker('start', leaving.id);
  await until('all containers to be healthy', allHealthy, 60_000);
});

test('the proxy finds an edge that is added', async (t) => {
  await compose('up', '-d', '--no-recreate', '--scale', 'edge=4', '--scale', 'relay=2', 'relay', 'edge');
  await until('all containers to be healthy', allHealthy, 60_000);
  const added = (await containers('edge')).at(-1);
  const ours = [];
  await until('a client on it', async () => {
    const traveller = new Traveller('WebSocket');
    ours.push(traveller);
    await settle([traveller]);
    return (await whereUsersAre())[traveller.user] === added.name;
  }, 60_000);
  travellers.push(...ours);
  say(t, `client ${ours.length} was led to ${added.name}`);
});

test('a restart of the proxy: clients come back', async (t) => {
  const before = disconnects();
  await compose('restart', 'proxy');
  await until('all clients to have noticed', () =>
    travellers.every(({ client }, i) => client.transport === 'polling'
      || client.disconnects.length > before[i]), 60_000);
  await settle(travellers);
  const id = await publish(services);
  await allHear(travellers, id);
  say(t, `${travellers.length} clients were back after it`);
});

// One session per address, and a client that says that it is another one each time.
test('edges see the address of the client, not that of the proxy', async () => {
  travellers.splice(0).forEach(({ client }) => client.close());
  process.env.MAX_CONNECTIONS_PER_ADDRESS = '1';
  await compose('up', '-d', '--scale', 'edge=1', '--scale', 'relay=1');
  await until('all containers to be healthy', allHealthy, 90_000);
  const [proxy] = await containers('proxy');
  const url = `http://${proxy.address('public')}:3002/socket.io/?EIO=4&transport=polling`;
  const open = async (claimed, ...how) => {
    const { stdout } = await promisify(execFile)('curl', ['--silent', '--output', '/dev/null',
      '--write-out', '%{http_code}', '--header', `X-Forwarded-For: ${claimed}`, ...how, url]);
    return stdout;
  };
  await until('the proxy to have found the edge', async () => await open('192.0.2.1') === '200');
  assert.equal(await open('192.0.2.2'), '429', 'a second one from the same address');
  assert.equal(await open('192.0.2.3', '--interface', process.env.OTHER_ADDRESS), '200');
  assert.equal(await open('192.0.2.4', '--interface', process.env.OTHER_ADDRESS), '429');
});
