// ws-control: edges are listed and drained, users are disconnected.
//
// Runs alone: whether it waited is told by a second.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from './support/child.mjs';
import { connect } from './support/clients.mjs';
import { brokerSettings, built, gateway } from './support/gateway.mjs';
import { assertOnceWithin } from './support/limits.mjs';
import { sleep, until } from './support/wait.mjs';

const made = await gateway({ edges: 2, env: { EDGE_ID: '' } });
const [one, other] = made.edges;

const env = brokerSettings(made.brokers);
const control = (...args) => run(built('ws-control'), args, { env });

async function ok(...args) {
  const { code, stdout, stderr } = await control(...args);
  assert.equal(code, 0, stderr);
  return { stderr, lines: stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line)) };
}

// Edges announce themselves when they have found Redis, and every 2 s.
const listed = (count) => until(`${count} edges`, async () => {
  const { stdout } = await control('edges');
  const lines = stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  return lines.length === count && lines;
});

const nameOf = async (edge) => (await edge.logs(/edge=(\S+) version/))[1];

test('edges: name, clients, rooms, age', async (t) => {
  assert.equal((await ok('edges')).lines.length, 2, 'edges that serve clients are in the list');
  await connect(t, one, { userId: 'u1' });
  const name = await nameOf(one);
  const mine = await until('the client to be counted', async () =>
    (await listed(2)).find(({ edge, sockets }) => edge === name && sockets === 1));
  assert.equal(mine.rooms, 1);
  assert.ok(mine.heardMsAgo < 15_000);
});

test('kick: every socket of the user at every edge, and nobody else', async (t) => {
  const comesBack = { reconnection: true, reconnectionDelay: 50 };
  const kicked = [await connect(t, one, { userId: 'u2', ...comesBack }),
    await connect(t, other, { userId: 'u2', transports: ['polling'], ...comesBack })];
  const bystander = await connect(t, one, { userId: 'u3' });
  const { stderr } = await ok('kick', 'u2');
  assert.match(stderr, /told 2 edges: the user's sockets are disconnected, 2 in all/);
  await until('both to be gone', () => kicked.every(({ socket }) => !socket.connected));
  for (const client of kicked) {
    assert.deepEqual(client.disconnects, ['io server disconnect']);
  }
  await sleep(300);
  assert.ok(kicked.every(({ socket }) => !socket.connected), 'one came back by itself');
  assert.deepEqual(bystander.disconnects, []);
  assert.equal(await one.metric('ws_edge_kicked_total'), 1);
});

test('kick of a user who is not there fails, and says so at once', () =>
  assertOnceWithin(1499, async () => {
    const started = Date.now();
    const { code, stderr } = await control('kick', 'nobody');
    assert.equal(code, 1);
    // An edge that stands still for 2 s is not waited for.
    if (/1 of 2 who heard it/.test(stderr)) return Infinity;
    assert.match(stderr, /told 2 edges: the user has no socket at any of them/);
    return Date.now() - started;
  }));

test('kick: an edge that does not answer is not waited for without end', async (t) => {
  process.kill(other.child.pid, 'SIGSTOP');
  t.after(() => process.kill(other.child.pid, 'SIGCONT'));
  await connect(t, one, { userId: 'u7' });
  const { stderr } = await ok('kick', 'u7');
  assert.match(stderr, /1 of 2 who heard it/);
  assert.match(stderr, /the user's sockets are disconnected, 1 in all/);
});

test('a dry run tells nobody', async (t) => {
  const client = await connect(t, one, { userId: 'u4' });
  assert.match((await ok('kick', 'u4', '--dry-run')).stderr, /would tell/);
  assert.match((await ok('drain', '--all', '--dry-run')).stderr, /would tell/);
  await sleep(200);
  assert.deepEqual(client.disconnects, []);
});

test('drain of an edge that is not there names the mistake', async () => {
  const { code, stderr } = await control('drain', 'edge-nobody');
  assert.equal(code, 1);
  assert.match(stderr, /no edge named "edge-nobody" is alive/);
});

test('drain: one edge lets its clients go and ends, the other stays', async (t) => {
  const going = await connect(t, other, { userId: 'u5' });
  const staying = await connect(t, one, { userId: 'u6' });
  await ok('drain', await nameOf(other));
  assert.deepEqual(await other.child.exited, { code: 0, signal: null });
  assert.deepEqual(going.disconnects, ['transport close']);
  assert.deepEqual(staying.disconnects, []);
  await listed(1);
});

test('drain --all: nobody is left, and the tool says so', async () => {
  assert.match((await ok('drain', '--all')).stderr, /told 1 edges: all drain/);
  assert.deepEqual(await one.child.exited, { code: 0, signal: null });
  const { code, stderr } = await control('kick', 'u1');
  assert.equal(code, 1);
  assert.match(stderr, /nobody was listening/);
  await until('no edge', async () => (await control('edges')).code === 1);
});
