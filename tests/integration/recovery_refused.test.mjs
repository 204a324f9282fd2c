// Who does not get a session back, and who does though much has changed.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Child } from './support/child.mjs';
import { connect, newConversation } from './support/clients.mjs';
import { brokerSettings, built, gateway } from './support/gateway.mjs';
import { Line } from './support/line.mjs';
import { command } from './support/redis.mjs';
import { RoomService } from './support/room_service.mjs';
import { nowSeconds, token } from './support/tokens.mjs';
import { Traveller, say, scene as sceneOf } from './support/traveller.mjs';
import { sleep, until } from './support/wait.mjs';

const rooms = await RoomService.start();
after(() => rooms.close());
const made = await gateway({ edges: 2 });
const { edges: [here, there], services } = made;
const redis = (...args) => command(made.brokers.redis.port, args);

const scene = (t, options) => sceneOf(t, { services, edge: here, there, ...options });

const results = async (result) =>
  (await Promise.all([here, there].map((edge) =>
    edge.metric(`ws_edge_recoveries_total{result="${result}"}`)))).reduce((a, b) => a + b);

async function counted(result, work) {
  const before = await results(result);
  await work();
  assert.equal(await results(result), before + 1, `${result} was not counted`);
}

describe('what a client says of itself', () => {
  const offsets = {
    null: null, number: 7, word: 'x', 'an entry of no log': '00000011', 'the far future': 'zzzzzzz1',
    'three shards': '00000015.012', blank: ' ', long: '1'.repeat(40_000),
    'an entry of no log, written as earlier': '1-1', 'three shards, written as earlier': '1-5_0.1.2',
  };
  for (const [name, offset] of Object.entries(offsets)) {
    test(`offset: ${name}`, async (t) => {
      const { traveller, sayAndSee } = await scene(t);
      await sayAndSee(1);
      await traveller.heard([1]);
      traveller.socket._lastOffset = offset;
      assert.equal((await traveller.away(() => sayAndSee(2))).recovered, false);
      assert.deepEqual(traveller.said, [1]);
    });
  }

  test('an offset as earlier versions print it: what was missed comes', async (t) => {
    const { traveller, sayAndSee } = await scene(t);
    await sayAndSee(1);
    await traveller.heard([1]);
    const [[position]] = await redis('XREVRANGE', 'ws:log:{0}', '+', '-', 'COUNT', '1');
    traveller.socket._lastOffset = position;
    assert.equal((await traveller.away(() => sayAndSee(2))).recovered, true);
    await traveller.heard([1, 2]);
  });

  test('no offset: it has had nothing, so everything since it joined comes', async (t) => {
    const { traveller, sayAndSee } = await scene(t);
    await sayAndSee(1);
    await traveller.heard([1]);
    traveller.socket._lastOffset = undefined;
    assert.equal((await traveller.away(() => sayAndSee(2))).recovered, true);
    await traveller.heard([1, 1, 2]);
  });

  for (const [name, pid] of Object.entries({
    'made up': 'A'.repeat(22), short: 'x', number: 7, object: {}, long: 'x'.repeat(40_000),
  })) {
    test(`pid: ${name}`, async (t) => {
      const { traveller, sayAndSee } = await scene(t);
      traveller.socket._pid = pid;
      await counted('unknown', async () => {
        assert.equal((await traveller.away(() => sayAndSee(1))).recovered, false);
      });
      assert.deepEqual(traveller.said, []);
    });
  }

  test('pid: nearly a megabyte, which is more than strangers may say', async (t) => {
    const { traveller, sayAndSee, line } = await scene(t);
    const { _pid: pid } = traveller.socket;
    let closed = 0;
    traveller.socket.io.on('close', () => { closed += 1; });
    traveller.socket._pid = 'x'.repeat(900_000); // MAX_PAYLOAD is not in its way
    line.cut();
    await until('two refusals', () => closed > 2);
    traveller.socket._pid = pid;
    await sayAndSee(1);
    assert.equal((await traveller.back()).recovered, true);
    await traveller.heard([1]);
  });

  test('pid of another user: the owner keeps it', async (t) => {
    const thief = await scene(t);
    const owner = await scene(t);
    thief.traveller.socket._pid = owner.traveller.socket._pid;
    await counted('foreign', async () => {
      assert.equal((await thief.traveller.away()).recovered, false);
    });
    assert.equal((await owner.traveller.away(() => owner.sayAndSee(1))).recovered, true);
    await owner.traveller.heard([1]);
  });
});

describe('tokens', () => {
  test('one that expired while away; then a new one', async (t) => {
    const { userId, traveller, sayAndSee, line } = await scene(t);
    const refusals = [];
    traveller.socket.on('connect_error', ({ message }) => refusals.push(message));
    traveller.socket.auth = { token: token({ id: userId, exp: nowSeconds() - 1 }) };
    line.cut();
    await until('a refusal', () => refusals.includes('Authentication error: jwt expired'));
    await sayAndSee(1);
    traveller.socket.auth = { token: token({ id: userId }) };
    traveller.socket.connect();
    assert.equal((await traveller.back()).recovered, true);
    await traveller.heard([1]);
  });

  test('token_expired closes the transport, and nothing is lost', async (t) => {
    const COUNT = 60; // a tenth of a second each, so that the token ends among them
    let first = true;
    const { traveller, sayAndSee } = await scene(t, {
      auth: (give) => {
        give({ token: token({ id: 'expiring' }, { expiresIn: first ? 5 : 3600 }) });
        first = false;
      },
    });
    const saying = (async () => {
      for (let i = 0; i < COUNT; i++) {
        await sayAndSee(i);
        await sleep(100);
      }
    })();
    assert.equal((await traveller.back()).recovered, true);
    await saying;
    await traveller.heard(Array.from({ length: COUNT }, (_, i) => i));
  });

  test('claims: a room that the new token does not list is gone', async (t) => {
    const claims = await made.addEdge({ ROOM_AUTHORIZATION: 'claims' });
    await claims.ready();
    const kept = newConversation();
    const lost = newConversation();
    const line = await Line.to(t, claims);
    const both = token({ id: 'claims', rooms: [kept.name, lost.name] });
    const traveller = await Traveller.connect(t, line, { auth: { token: both } });
    for (const room of [kept, lost]) await traveller.join('conversation', room.id);
    traveller.socket.auth = { token: token({ id: 'claims', rooms: [kept.name] }) };
    await traveller.away(async () => {
      await say(services, lost, 'lost');
      await say(services, kept, 'kept');
    });
    assert.equal(traveller.last.recovered, true);
    await traveller.heard(['kept']);
    assert.deepEqual(await traveller.ack('typing', lost.which), { error: 'Not in room' });
    traveller.socket.auth = { token: both };
    await traveller.away(() => say(services, lost, 'again'));
    assert.deepEqual(await traveller.ack('typing', lost.which), { error: 'Not in room' });
    assert.deepEqual(traveller.said, ['kept']);
  });
});

describe('ROOM_AUTHORIZATION=service', () => {
  test('a right that was withdrawn: out of the room soon after', async (t) => {
    const strict = await made.addEdge({
      ROOM_AUTHORIZATION: 'service',
      MESSAGE_SERVICE_URL: rooms.url,
      ROOM_AUTHORIZATION_CACHE_SECONDS: '0',
      RECOVERY_GRANT_SECONDS: '0',
    });
    await strict.ready();
    const { room, traveller, watcher } = await scene(t, { edge: strict });
    const other = newConversation();
    await traveller.join('conversation', other.id);
    rooms.say(room.id, 403);
    rooms.say(other.id, 503);
    const { recovered, id } = await traveller.away();
    assert.equal(recovered, true);
    await until('the others to hear', () =>
      watcher.all('user_left').filter(({ socketId }) => socketId === id).length === 2);
    assert.deepEqual(await traveller.ack('typing', room.which), { error: 'Not in room' });
    // The service that is away is asked again; meanwhile the client stays.
    assert.deepEqual(await traveller.ack('typing', other.which), { success: true });
    const asked = rooms.asked(other.id).length;
    rooms.say(other.id, 404);
    await until('the next question', () => rooms.asked(other.id).length > asked);
    await until('the end of the membership', async () =>
      (await traveller.ack('typing', other.which)).error === 'Not in room');
  });

  test('a join under way is not part of the session', async (t) => {
    const slow = await made.addEdge({ ROOM_AUTHORIZATION: 'service', MESSAGE_SERVICE_URL: rooms.url });
    await slow.ready();
    const { traveller, watcher } = await scene(t, { edge: slow });
    const room = newConversation();
    await watcher.join('conversation', room.id);
    const answer = rooms.hold(room.id);
    traveller.socket.emit('join_room', room.which, () => {});
    await rooms.isAsked(room.id);
    assert.equal((await traveller.away()).recovered, true);
    answer();
    await until('the end of the question', async () =>
      await slow.metric('ws_edge_authorization_asks_under_way') === 0);
    assert.deepEqual(await traveller.ack('typing', room.which), { error: 'Not in room' });
    assert.ok(watcher.all('user_joined').every((body) => body.room !== room.name));
    await traveller.join('conversation', room.id);
  });
});

async function kick(userId) {
  const tool = new Child(built('ws-control'), ['kick', userId],
    { name: 'ws-control', env: brokerSettings(made.brokers) });
  await tool.exited;
}

test('kicked while away', async (t) => {
  const { userId, traveller } = await scene(t);
  await counted('kicked', async () => {
    assert.equal((await traveller.away(() => kick(userId))).recovered, false);
  });
  await sleep(10); // the session that began since is no part of it
  assert.equal((await traveller.away()).recovered, true);
});

test('kicked while there', async (t) => {
  const { userId, traveller } = await scene(t);
  await kick(userId);
  await until('the end', () => !traveller.socket.connected);
  const count = traveller.connects.length;
  traveller.socket.connect();
  assert.equal((await traveller.back(count)).recovered, false);
});

test('a client that says goodbye has no session any more', async (t) => {
  const { traveller, sayAndSee } = await scene(t);
  const count = traveller.connects.length;
  traveller.socket.disconnect();
  await sayAndSee(1);
  traveller.socket.connect();
  assert.equal((await traveller.back(count)).recovered, false);
  assert.deepEqual(traveller.said, []);
});

test('more was missed than may be sent at once', async (t) => {
  const { traveller, watcher, room } = await scene(t);
  const text = 'x'.repeat(20_000);
  await counted('too much', async () => {
    const back = await traveller.away(async () => {
      await Promise.all(Array.from({ length: 40 }, () => say(services, room, text)));
      await until('the watcher to hear it', () => watcher.all('new_message').length === 40);
    }, { edge: there });
    assert.equal(back.recovered, false);
  });
  assert.deepEqual(traveller.said, []);
});

// Says more than the client takes until its edge has had enough of it; returns how often.
async function overwhelm({ line, room }, text) {
  const closed = () => line.edge.metric('ws_edge_sessions_closed_total{reason="slow consumer"}');
  const before = await closed();
  line.stall();
  for (let i = 0; ; i++) {
    if (await closed() > before) return i;
    assert.ok(i < 200, 'it was never too slow');
    await say(services, room, text);
  }
}

test('a client that was closed because it takes too slowly, and missed little', async (t) => {
  const patient = await made.addEdge({ MAX_OUTBOX_BYTES: String(64 * 1024 * 1024) });
  await patient.ready();
  const it = await scene(t);
  const text = 'x'.repeat(200_000);
  const said = await overwhelm(it, text);
  it.line.cut();
  it.line.let(patient);
  assert.equal((await it.traveller.back()).recovered, true);
  await it.traveller.heard(Array.from({ length: said }, () => text));
});

test('a client that was closed because it takes too slowly', async (t) => {
  const it = await scene(t);
  const { traveller, room, line } = it;
  await overwhelm(it, 'x'.repeat(200_000));
  await counted('too much', async () => {
    line.cut();
    assert.equal((await traveller.back()).recovered, false);
  });
  await traveller.join('conversation', room.id);
  await say(services, room, 'after');
  await traveller.heard(['after']);
});

test('a session that is claimed again and again is given up', async (t) => {
  const { traveller } = await scene(t);
  const key = `ws:session:${traveller.socket._pid}`;
  const claims = async () => (await redis('HGET', key, 'n')).split(' ').map(Number);
  for (const count of [1, 2, 3]) {
    assert.equal((await traveller.away()).recovered, true);
    assert.equal((await claims())[0], count);
  }
  // Thirty in a minute are as many as there may be.
  await redis('HSET', key, 'n', `28 ${Date.now()}`);
  const recovered = [];
  for (let i = 0; i < 3; i++) recovered.push((await traveller.away()).recovered);
  assert.deepEqual(recovered, [true, true, false]);
});

test('a session that Redis has lost is written again, but not trusted at once', async (t) => {
  const { traveller, room } = await scene(t);
  for (const key of await redis('KEYS', 'ws:session:*')) await redis('DEL', key);
  await traveller.join('conversation', 'another'); // its write finds nothing
  assert.equal((await traveller.away()).recovered, false);
  assert.deepEqual(await traveller.ack('typing', room.which), { error: 'Not in room' });
});

test('two connections want one session: one has it, once', async (t) => {
  const { traveller, sayAndSee, line } = await scene(t);
  const twin = new Traveller(t, await Line.to(t, there),
    { auth: traveller.socket.auth, autoConnect: false });
  twin.socket._pid = traveller.socket._pid;
  twin.socket._lastOffset = traveller.socket._lastOffset;
  line.refuse();
  line.cut();
  await until('the client to notice', () => !traveller.socket.connected);
  await sayAndSee(1);
  twin.socket.connect();
  line.let(here);
  await Promise.all([traveller.back(), twin.back(0)]);
  const living = await until('one of them to have the session', () => {
    const those = [traveller, twin].filter(({ socket, last }) => socket.connected && last.recovered);
    return those.length === 1 && those;
  });
  await sayAndSee(2);
  await living[0].heard([1, 2]);
});
