// The HTTP API: users are disconnected, taken out of rooms, and lose their tokens, at all edges; edges
// are listed. A relay that stands by answers as the active one does.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Api, apiSettings } from './support/api.mjs';
import { run } from './support/child.mjs';
import { connect } from './support/clients.mjs';
import { built, gateway } from './support/gateway.mjs';
import { command } from './support/redis.mjs';
import { nowSeconds, token } from './support/tokens.mjs';
import { until } from './support/wait.mjs';

const made = await gateway({ edges: 2, relays: 2, relayEnv: await apiSettings() });
const [one, other] = made.edges;
const apis = await Promise.all(made.relays.map((relay) => Api.of(relay)));
const [api] = apis;

const redis = (...args) => command(made.brokers.redis.port, args, 1);

async function ok(answer) {
  const { status, body, json } = await answer;
  assert.equal(status, 200, body);
  return json();
}

// What a command answers that has met so many sockets. An edge that stands still for 2 s is not waited
// for, and what it has done is not counted.
function assertMet(result, sockets) {
  if (result.complete) {
    assert.deepEqual(result, { sockets, complete: true, edges: { alive: 2, answered: 2 } });
  } else {
    assert.ok(result.edges.answered < result.edges.alive && result.sockets <= sockets);
  }
}

test('edges: both relays list them', async (t) => {
  await connect(t, one, { userId: 'u1' });
  for (const each of apis) {
    const edges = await until('two edges, one with a client', async () => {
      const list = (await ok(each.ask('GET', '/v1/edges'))).edges;
      return list.length === 2 && list.some(({ sockets }) => sockets === 1) && list;
    });
    for (const edge of edges) {
      assert.deepEqual(Object.keys(edge), ['edge', 'sockets', 'rooms', 'heardMsAgo']);
      assert.ok(edge.heardMsAgo < 15_000);
    }
  }
});

test('disconnect: every socket of the user at every edge, and nobody else', async (t) => {
  for (const [i, each] of apis.entries()) {
    const user = `user ${i}/ü`;
    const clients = [await connect(t, one, { userId: user }), await connect(t, other, { userId: user })];
    const bystander = await connect(t, one, { userId: `${user}x` });
    assertMet(await ok(each.command(user, 'disconnect')), 2);
    await until('both to be gone', () => clients.every(({ socket }) => !socket.connected));
    for (const client of clients) assert.deepEqual(client.disconnects, ['io server disconnect']);
    assert.deepEqual(bystander.disconnects, []);
    assertMet(await ok(each.command(user, 'disconnect')), 0);
  }
});

test('leave: the user is out of the room, and in the others', async (t) => {
  const client = await connect(t, one, { userId: 'u2' });
  const witness = await connect(t, other, { userId: 'u3' });
  for (const id of ['1', '2']) await client.join('conversation', id);
  await witness.join('conversation', '1');
  assertMet(await ok(api.command('u2', 'leave', { room: 'conversation:1' })), 1);
  assert.equal((await witness.next('user_left')).userId, 'u2');
  for (const id of ['1', '2']) {
    await made.services.publish('message.sent', { conversationId: id, message: id });
  }
  assert.equal((await client.next('new_message')).message, '2');
  assertMet(await ok(api.command('u2', 'leave', { room: 'conversation:9' })), 0);
});

test('revoke: tokens from before are refused, newer ones are taken', async (t) => {
  const old = token({ id: 'u4', iat: nowSeconds() - 10 });
  const client = await connect(t, one, { auth: { token: old } });
  assertMet(await ok(api.command('u4', 'revoke', { seconds: 60 })), 1);
  await until('the client to be gone', () => !client.socket.connected);
  await assert.rejects(connect(t, other, { auth: { token: old } }), /jwt revoked/);
  assertMet(await ok(api.command('u4', 'revoke')), 0);
});

const WRONG = [
  ['leave', undefined, 'invalid_body'], ['leave', {}, 'invalid_body'], ['leave', '[]', 'invalid_body'],
  ['leave', '{', 'invalid_body'], ['leave', { room: 1 }, 'invalid_body'],
  ['leave', { room: '' }, 'invalid_body'], ['leave', { room: 'a\u0000' }, 'invalid_body'],
  ['leave', { room: 'x'.repeat(513) }, 'invalid_body'], ['leave', { room: 'user:u5' }, 'invalid_room'],
  ['revoke', { seconds: 0 }, 'invalid_body'], ['revoke', { seconds: -1 }, 'invalid_body'],
  ['revoke', { seconds: 1.5 }, 'invalid_body'], ['revoke', { seconds: '60' }, 'invalid_body'],
  ['revoke', { seconds: 1e300 }, 'invalid_body'], ['revoke', '[1]', 'invalid_body'],
];

test('what is wrong in a body is said, and nothing is done', async () => {
  for (const [what, body, code] of WRONG) {
    const { status, json } = await api.command('u5', what, body);
    assert.equal(status, 422, `${what} ${JSON.stringify(body)}`);
    assert.equal(json().error.code, code);
  }
  const { status } = await api.command('u\n5', 'disconnect');
  assert.equal(status, 400);
});

// A million sessions must not make them slower.
test('no command and no list of edges looks through the keys of Redis', async () => {
  await redis('CONFIG', 'RESETSTAT');
  await ok(api.ask('GET', '/v1/edges'));
  await ok(api.command('u7', 'disconnect'));
  await ok(api.command('u7', 'revoke', { seconds: 60 }));
  await ok(api.command('u7', 'leave', { room: 'conversation:1' }));
  for (const args of [['edges'], ['kick', 'u7'], ['drain', 'nobody']]) {
    await run(built('ws-control'), args, { env: made.env });
  }
  const stats = await redis('INFO', 'commandstats');
  assert.match(stats, /cmdstat_hkeys:/);
  assert.doesNotMatch(stats, /cmdstat_(scan|keys):/);
});

test('edges that are gone are no longer listed, and are taken out by the next that comes', async () => {
  const listed = async () => (await ok(api.ask('GET', '/v1/edges'))).edges.map(({ edge }) => edge);
  const has = (id) => redis('HEXISTS', 'ws:edge-list', id);
  const before = await listed();
  await redis('HSET', 'ws:edge-list', 'long-dead', '1', 'just-dead', String(Date.now()));
  assert.deepEqual((await listed()).sort(), before.sort());
  const third = await made.addEdge({ EDGE_ID: 'third' });
  await third.ready();
  await until('the third to be listed', async () => (await listed()).includes('third'));
  await until('the long dead one to be taken out', async () => await has('long-dead') === 0);
  assert.equal(await has('just-dead'), 1);
  await third.stop();
  assert.equal(await has('third'), 0);
});

test('an edge that does not answer is told of, and not waited for without end', async (t) => {
  process.kill(other.child.pid, 'SIGSTOP');
  t.after(() => process.kill(other.child.pid, 'SIGCONT'));
  await connect(t, one, { userId: 'u6' });
  const { complete, edges } = await ok(api.command('u6', 'disconnect'));
  assert.equal(complete, false);
  assert.ok(edges.answered < edges.alive);
});
