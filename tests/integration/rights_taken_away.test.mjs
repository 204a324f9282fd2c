// ws-control revoke and leave: an operator takes rights away from a user, at every edge, from those
// who are away too, and at edges that start later.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { run } from './support/child.mjs';
import { Client, connect, newConversation } from './support/clients.mjs';
import { brokerSettings, built, gateway } from './support/gateway.mjs';
import { command } from './support/redis.mjs';
import { nowSeconds, token } from './support/tokens.mjs';
import { scene } from './support/traveller.mjs';
import { until } from './support/wait.mjs';

const made = await gateway({ edges: 2 });
const { edges: [one, other], services } = made;

const redis = (...args) => command(made.brokers.redis.port, args);
const control = (...args) => run(built('ws-control'), args, { env: brokerSettings(made.brokers) });

async function ok(...args) {
  const { code, stderr } = await control(...args);
  assert.equal(code, 0, stderr);
  return stderr;
}

let users = 0;
const newUser = () => `user-${++users}`;

// Issued now, or as many seconds later or earlier.
const issued = (id, seconds = 0) => token({ id, iat: nowSeconds() + seconds });

const REVOKED = 'Authentication error: jwt revoked';

const refused = (t, edge, auth) => {
  const client = new Client(edge.url, { auth });
  t.after(() => client.close());
  return client.refusal();
};

describe('revoke', () => {
  test('the user is disconnected, and older tokens are refused, at every edge', async (t) => {
    const userId = newUser();
    const auth = { token: issued(userId) };
    const clients = [await connect(t, one, { auth }), await connect(t, other, { auth })];
    const bystander = await connect(t, one, { userId: newUser() });
    assert.match(await ok('revoke', userId), /2 sockets are disconnected/);
    await until('both to be gone', () => clients.every(({ socket }) => !socket.connected));
    assert.deepEqual(clients.map(({ disconnects }) => disconnects),
      [['io server disconnect'], ['io server disconnect']]);
    for (const edge of [one, other]) {
      const before = await edge.metric('ws_edge_auth_refused_total{reason="revoked"}');
      assert.equal(await refused(t, edge, auth), REVOKED);
      await until('the refusal to be counted', async () =>
        await edge.metric('ws_edge_auth_refused_total{reason="revoked"}') === before + 1);
    }
    assert.equal(await refused(t, one, { token: token({ id: userId }, { noTimestamp: true }) }),
      REVOKED, 'a token that does not say when it was issued');
    await connect(t, other, { auth: { token: issued(userId, 60) } });
    assert.deepEqual(bystander.disconnects, []);
  });

  test('a token that is newer stays', async (t) => {
    const userId = newUser();
    const older = await connect(t, one, { auth: { token: issued(userId, -5) } });
    const newer = await connect(t, one, { auth: { token: issued(userId, 60) } });
    assert.match(await ok('revoke', userId), /1 sockets are disconnected/);
    await until('the older to be gone', () => !older.socket.connected);
    assert.deepEqual(newer.disconnects, []);
    assert.deepEqual(await newer.ack('refresh_token', { token: issued(userId, -5) }),
      { error: 'jwt revoked' });
    assert.equal((await newer.ack('refresh_token', { token: issued(userId, 90) })).success, true);
  });

  test('an edge that starts later refuses too', async (t) => {
    const userId = newUser();
    const auth = { token: issued(userId) };
    assert.match(await ok('revoke', userId), /0 sockets are disconnected/);
    const later = await made.addEdge();
    await later.ready();
    assert.equal(await refused(t, later, auth), REVOKED);
    assert.ok(await later.metric('ws_edge_revocations') >= 1);
  });

  test('an edge that was without Redis disconnects the user once it is back', async (t) => {
    const userId = newUser();
    const cut = await made.addEdge();
    await cut.ready();
    const client = await connect(t, cut, { auth: { token: issued(userId) } });
    // The message is lost for that edge: it is as if the tool had written before the edge connected.
    await redis('HSET', 'ws:revoked', userId, `${Date.now() + 1000} ${Date.now() + 600_000}`);
    await redis('CLIENT', 'KILL', 'TYPE', 'normal');
    await until('the client to be gone', () => !client.socket.connected);
    assert.deepEqual(client.disconnects, ['io server disconnect']);
  });

  test('what Redis loses of it is written again', async (t) => {
    const userId = newUser();
    const auth = { token: issued(userId) };
    await ok('revoke', userId);
    await redis('DEL', 'ws:revoked');
    await redis('CLIENT', 'KILL', 'TYPE', 'normal'); // as if it had been restarted
    await until('it to be written', () => redis('HGET', 'ws:revoked', userId));
    assert.ok(await redis('TTL', 'ws:revoked') > 600_000);
    const later = await made.addEdge();
    await later.ready();
    assert.equal(await refused(t, later, auth), REVOKED);
  });

  test('it ends when all older tokens have expired by themselves', async (t) => {
    const userId = newUser();
    const auth = { token: issued(userId, -5) };
    await redis('HSET', 'ws:revoked', userId, `${Date.now()} ${Date.now() + 2000}`);
    const one = await made.addEdge();
    await one.ready();
    await until('the token to be accepted', async () => {
      const client = new Client(one.url, { auth });
      t.after(() => client.close());
      return client.connected().then(() => true, () => false);
    });
  });

  test('a second one does not shorten the first', async (t) => {
    const userId = newUser();
    const auth = { token: issued(userId) };
    await ok('revoke', userId, '--for', '1h');
    await ok('revoke', userId, '--for', '1s');
    const [, until_ms] = (await redis('HGET', 'ws:revoked', userId)).split(' ').map(Number);
    assert.ok(until_ms > Date.now() + 7_000_000, 'it was shortened'); // an hour more for clocks
    assert.ok(await redis('TTL', 'ws:revoked') > 3000);
    assert.equal(await refused(t, one, auth), REVOKED);
  });

  test('a user who is away gets no session back', async (t) => {
    const { userId, traveller } = await scene(t, { services, edge: one, there: other,
      userId: newUser() });
    const { recovered } = await traveller.away(async () => {
      await ok('revoke', userId);
      traveller.socket.auth = { token: issued(userId, 60) };
    });
    assert.equal(recovered, false);
  });

  test('10,000 users are the most; those that are over make room', async () => {
    const fill = async (until_ms) => {
      for (let i = 0; i < 10; i++) {
        const fields = Array.from({ length: 1000 }, (_, n) => [`full-${i}-${n}`, `1 ${until_ms}`]);
        await redis('HSET', 'ws:revoked', ...fields.flat());
      }
    };
    await fill(Date.now() + 600_000);
    const { code, stderr } = await control('revoke', newUser());
    assert.equal(code, 1);
    assert.match(stderr, /there are 10000 already.*change the key/);
    await fill(1);
    await ok('revoke', newUser());
    assert.ok(await redis('HLEN', 'ws:revoked') < 100);
  });
});

describe('leave', () => {
  const inRoom = async (t, edge, userId, room) => {
    const client = await connect(t, edge, { userId });
    await client.join('conversation', room.id);
    return client;
  };

  test('every socket of the user leaves the room, and the others are told', async (t) => {
    const room = newConversation();
    const userId = newUser();
    const clients = [await inRoom(t, one, userId, room), await inRoom(t, other, userId, room)];
    const stays = await inRoom(t, one, newUser(), room);
    assert.match(await ok('leave', userId, `conversation:${room.id}`), /left the room, 2 in all/);
    const left = [await stays.next('user_left'), await stays.next('user_left')];
    assert.deepEqual(left.map((body) => body.userId), [userId, userId]);
    for (const client of clients) {
      assert.deepEqual(await client.ack('typing', room.which), { error: 'Not in room' });
    }
    assert.deepEqual(await stays.ack('typing', room.which), { success: true });
    await clients[0].join('conversation', room.id); // the services say who may
  });

  test('who is away comes back without the room, with the others', async (t) => {
    const { userId, traveller, room } = await scene(t, { services, edge: one, there: other });
    const kept = newConversation();
    await traveller.join('conversation', kept.id);
    const { recovered } = await traveller.away(async () => {
      assert.equal((await control('leave', userId, `conversation:${room.id}`)).code, 1);
    }, { edge: other });
    assert.equal(recovered, true);
    assert.deepEqual(await traveller.ack('typing', room.which), { error: 'Not in room' });
    assert.deepEqual(await traveller.ack('typing', kept.which), { success: true });
    // A room that is joined later is kept over a recovery.
    await traveller.join('conversation', room.id);
    assert.equal((await traveller.away(undefined, { edge: one })).recovered, true);
    assert.deepEqual(await traveller.ack('typing', room.which), { success: true });
  });

  test('who was there is out of the room after a recovery too', async (t) => {
    const { userId, traveller, room } = await scene(t, { services, edge: one, there: other });
    await ok('leave', userId, `conversation:${room.id}`);
    assert.equal((await traveller.away(undefined, { edge: other })).recovered, true);
    assert.deepEqual(await traveller.ack('typing', room.which), { error: 'Not in room' });
  });

  test('an edge that has not heard it is told of', async (t) => {
    const room = newConversation();
    const userId = newUser();
    await inRoom(t, one, userId, room);
    // Alive, and not subscribed at the moment.
    await redis('HSET', 'ws:edge-list', 'away', '1');
    await redis('HSET', 'ws:edges:away', 'sockets', '1');
    t.after(() => redis('DEL', 'ws:edges:away'));
    for (const args of [['leave', userId, `conversation:${room.id}`], ['kick', userId]]) {
      const { code, stderr } = await control(...args);
      assert.equal(code, 1);
      assert.match(stderr, /[1-9] of [0-9]+ edges have not heard it.*repeat the command/);
    }
  });

  for (const [name, args, says] of [
    ['a user who is not in the room', ['leave', 'nobody', 'conversation:1'], /no socket in the room/],
    ["the user's own room", ['leave', 'u1', 'user:u1'], /kick disconnects the user/],
    ['no room', ['leave', 'u1'], /leave USER ROOM/],
    ['a dry run', ['leave', 'u1', 'conversation:1', '--dry-run'], /would tell/],
    ['a dry run of revoke', ['revoke', 'u1', '--dry-run'], /would tell/],
    ['revoke without a user', ['revoke'], /revoke USER/],
    ['an empty user', ['revoke', ''], /revoke USER/],
  ]) {
    test(`what the tool says: ${name}`, async () => {
      assert.match((await control(...args)).stderr, says);
    });
  }
});
