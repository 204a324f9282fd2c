// Official clients that come through the proxy to three edges, while parts of the deployment stop,
// crash and come back. One test goes on where the one before it ended. tests/containers/run starts
// it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Services } from '../integration/support/services.mjs';
import { sleep, until } from '../integration/support/wait.mjs';
import {
  compose, containers, docker, inside, metric, untilHealthy, whereUsersAre,
} from './stack.mjs';
import { allHear, KINDS, publish, settle, Traveller, twice } from './travellers.mjs';

const EACH = 6; // clients of each kind at first
const MOST = 40;
const GATEWAY = `${process.env.GATEWAY_URL}/socket.io/`;

const travellers = [];
let services;

before(async () => {
  services = await Services.connect({ rabbitmq: { url: process.env.RABBITMQ_URL } });
});

after(async () => {
  travellers.forEach(({ client }) => client.close());
  await services.close();
});

const count = (list) => list.reduce((sums, key) => ({ ...sums, [key]: (sums[key] ?? 0) + 1 }), {});
const disconnects = () => travellers.map(({ client }) => client.disconnects.length);

async function edges() {
  return (await containers('edge')).map(({ name }) => name);
}

async function publishAndHear() {
  const id = await publish(services);
  await allHear(travellers, id);
}

// Publishes while something happens; all of it must reach all, each once.
async function publishDuring(happening) {
  const ids = [];
  let over = false;
  happening.finally(() => { over = true; }).catch(() => {});
  while (!over || ids.length < 20) {
    ids.push(await publish(services));
    await sleep(200);
  }
  await happening;
  for (const id of ids) await allHear(travellers, id);
  for (const id of ids) assert.deepEqual(twice(travellers, id), []);
  return ids.length;
}

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
    t.diagnostic(JSON.stringify(count(places)));
  });
}

test('an event reaches every client on every edge once', async (t) => {
  const id = await publish(services);
  await allHear(travellers, id);
  assert.deepEqual(twice(travellers, id), []);
  const transports = count(travellers.map(({ client }) => client.transport));
  t.diagnostic(`${travellers.length} clients heard it: ${JSON.stringify(transports)}`);
});

// A session over polling, its cookie, and the status of a request with any cookie.
async function openSession() {
  const answer = await fetch(`${GATEWAY}?EIO=4&transport=polling`);
  const { sid } = JSON.parse((await answer.text()).slice(1));
  return { sid, cookie: answer.headers.get('set-cookie').split(';')[0] };
}

async function post(sid, cookie) {
  const answer = await fetch(`${GATEWAY}?EIO=4&transport=polling&sid=${sid}`,
    { method: 'POST', body: '6', headers: { cookie: `theme=dark; ${cookie}; lang=en` } });
  assert.equal(answer.headers.get('set-cookie'), null, 'the cookie comes with a new session alone');
  return answer.status;
}

test('the id of a session leads to its edge, whatever the cookie says', async () => {
  const sessions = [];
  await until('sessions at all edges', async () => {
    sessions.push(await openSession());
    return new Set(sessions.map(({ cookie }) => cookie)).size === 3;
  });
  for (const { sid } of sessions)
    for (const { cookie } of sessions) assert.equal(await post(sid, cookie), 200);
  assert.equal(await post('x'.repeat(20), sessions[0].cookie), 400, 'a session that nobody knows');
});

test('a poll of 25 s and a WebSocket that is silent for so long are not cut', async (t) => {
  const before = disconnects();
  await sleep(60_000);
  assert.deepEqual(disconnects(), before);
  await publishAndHear();
  t.diagnostic(`${travellers.length} clients were still there after 60 s`);
});

for (const [service, what] of [['relay', 'both relays'], ['redis', 'Redis']]) {
  test(`a restart of ${what}: no client notices, nothing is lost`, async (t) => {
    const before = disconnects();
    const published = await publishDuring(compose('restart', service));
    await untilHealthy();
    assert.deepEqual(disconnects(), before);
    t.diagnostic(`${published} events were published meanwhile; all clients heard each once`);
  });
}

test('a second relay takes over from one that is killed', async (t) => {
  const states = await Promise.all((await containers('relay')).map(async (relay) =>
    ({ relay, active: await metric(relay, 'bus', 9103, 'ws_relay_active') })));
  const active = states.filter((state) => state.active === 1);
  assert.equal(active.length, 1, 'one of them is active');
  const before = disconnects();
  await docker('stop', '--time', '0', active[0].relay.id);
  await publishAndHear();
  assert.deepEqual(disconnects(), before);
  await docker('start', active[0].relay.id);
  await untilHealthy();
  t.diagnostic(`${active[0].relay.name} was killed, and the other one delivered`);
});

// tini is process 1 and has one child. It ends with it, and so does the container.
for (const service of ['relay', 'edge']) {
  test(`a crash: ${service}`, async (t) => {
    const [{ id, name, restarts }] = await containers(service);
    await inside({ id }, 'bash', '-c', 'kill -KILL $(</proc/1/task/1/children)');
    await until('a restart', async () =>
      (await containers(service)).some((container) =>
        container.id === id && container.restarts > restarts && container.health === 'healthy'),
    60_000);
    await settle(travellers);
    await publishAndHear();
    t.diagnostic(`${name} was started again; ${travellers.length} clients heard an event`);
  });
}

test('an edge that is stopped hands its clients over', async (t) => {
  const where = await whereUsersAre();
  const leaving = (await containers('edge')).find(({ name }) => name === where[travellers[0].user]);
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
  await publishAndHear();
  t.diagnostic(`${moved.length} clients of ${leaving.name} went elsewhere, no other one noticed`);
  await docker('start', leaving.id);
  await untilHealthy();
});

test('the proxy finds an edge that is added', async (t) => {
  await compose('up', '-d', '--no-recreate', '--scale', 'edge=4', '--scale', 'relay=2', 'relay', 'edge');
  await untilHealthy();
  const added = (await containers('edge')).at(-1);
  const ours = [];
  await until('a client on it', async () => {
    const traveller = new Traveller('WebSocket');
    ours.push(traveller);
    await settle([traveller]);
    return (await whereUsersAre())[traveller.user] === added.name;
  }, 60_000);
  travellers.push(...ours);
  t.diagnostic(`client ${ours.length} was led to ${added.name}`);
});

test('a restart of the proxy: clients come back', async (t) => {
  const before = disconnects();
  await compose('restart', 'proxy');
  await until('all clients to have noticed', () =>
    travellers.every(({ client }, i) => client.transport === 'polling'
      || client.disconnects.length > before[i]), 60_000);
  await settle(travellers);
  await publishAndHear();
  t.diagnostic(`${travellers.length} clients were back after it`);
});

test('clients heard nothing that the contract does not know', () => {
  travellers.forEach(({ client }) => client.checkContract());
});

// One session per address, and a client that says that it is another one each time.
test('edges see the address of the client, not that of the proxy', async () => {
  travellers.splice(0).forEach(({ client }) => client.close());
  process.env.MAX_CONNECTIONS_PER_ADDRESS = '1';
  await compose('up', '-d', '--scale', 'edge=1', '--scale', 'relay=1');
  await untilHealthy(90_000);
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
