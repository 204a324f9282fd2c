// EVENT_ROUTES_FILE: more events without a change of the program.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { assertFresh } from './support/asserts.mjs';
import { run } from './support/child.mjs';
import { connect } from './support/clients.mjs';
import { built, gateway } from './support/gateway.mjs';
import { until } from './support/wait.mjs';

const dir = await mkdtemp(join(tmpdir(), 'routes-'));
after(() => rm(dir, { recursive: true, force: true }));

async function routesFile(name, text) {
  const path = join(dir, name);
  await writeFile(path, typeof text === 'string' ? text : JSON.stringify(text, null, 2));
  return path;
}

const file = await routesFile('routes.json', {
  routes: [{
    routingKey: 'review.posted',
    room: 'user:{hostId|ownerId}',
    event: 'new_review',
    fields: [
      'reviewId',
      { name: 'stars', from: ['stars', 'rating'] },
      { name: 'state', default: 'published' },
      { name: 'kind', value: { is: 'review' } },
      { name: 'at', from: ['at'], time: true },
    ],
  }],
});

const further = ['new_review'];

const { edge, relay, services } = await gateway({ relayEnv: { EVENT_ROUTES_FILE: file } });

test('a routed event reaches the room of its template', async (t) => {
  const host = await connect(t, edge, { userId: 'h1', further });
  await services.publish('review.posted', { reviewId: 7, hostId: 'h1', stars: 5, at: 'then' });
  assert.deepStrictEqual(await host.next('new_review'),
    { reviewId: 7, stars: 5, state: 'published', kind: { is: 'review' }, at: 'then' });
});

test('alternatives, defaults and the present time', async (t) => {
  const host = await connect(t, edge, { userId: 'h2', further });
  await services.publish('review.posted', { ownerId: 'h2', rating: 3, state: 'draft' });
  const { at, ...rest } = await host.next('new_review');
  assert.deepStrictEqual(rest, { stars: 3, state: 'draft', kind: { is: 'review' } });
  assertFresh(at);
});

test('the built-in events go on beside it', async (t) => {
  const user = await connect(t, edge, { userId: 'u1' });
  await services.publish('booking.confirmed', { bookingId: 'b1', userId: 'u1' });
  assert.equal((await user.next('booking_update')).bookingId, 'b1');
});

const into = (room) =>
  `{"routes": [{"routingKey": "a.b", "fields": ["x"],\n"room": "${room}", "event": "e"}]}`;
const wrong = [
  ['no JSON', '{\n  "routes": [\n    nonsense\n', 3],
  ['no room', '{"routes": [\n{"routingKey": "a.b",\n "event": "e", "fields": ["x"]}]}', 2],
  ['an unknown member', '{"routes": [\n\n{"routingKeys": "a.b"}]}', 3],
  ['a template without a room id',
    '{"routes": [{"routingKey": "a.b",\n"room": "fixed", "event": "e", "fields": ["x"]}]}', 2],
  ['a room without a type', into('order:{id}'), 2],
  ['a room of a type that only the built-in file has', into('conversation:{id}'), 2, {
    GATEWAY_FILE: await routesFile('gateway.json', { rooms: { order: {} } }) }],
  ['a room that nobody can be in', into('side:{id}'), 2, {
    GATEWAY_FILE: await routesFile('side.json', { rooms: { side: { join: 'none' } } }) }],
];
for (const program of ['ws-relay', 'ws-edge']) {
  for (const [name, text, line, env] of wrong) {
    test(`a wrong file stops ${program} with file, line and reason: ${name}`, async () => {
      const path = await routesFile('wrong.json', text);
      const result = await run(built(program), ['--check-config'],
        { env: { ...env, EVENT_ROUTES_FILE: path }, cwd: dir });
      assert.notEqual(result.code, 0);
      assert.match(result.stderr, new RegExp(`wrong\\.json:${line}: .+`));
    });
  }
}

test('a file that is not there stops the start and is named', async () => {
  const result = await run(built('ws-relay'), ['--check-config'],
    { env: { EVENT_ROUTES_FILE: join(dir, 'absent.json') }, cwd: dir });
  assert.notEqual(result.code, 0);
  assert.match(result.stderr, /absent\.json/);
});

describe('SIGHUP', () => {
  const route = (routingKey, event) =>
    ({ routingKey, room: 'user:{userId}', event, fields: ['n'] });
  const reload = async (routes, result = 'done') => {
    const reloads = () => relay.metric(`ws_relay_reloads_total{result="${result}"}`);
    const before = await reloads();
    await routesFile('routes.json', routes);
    relay.child.signal('SIGHUP');
    await until('the routes to be loaded', async () => await reloads() === before + 1);
    await relay.ready();
  };
  const heard = (client, event) => client.all(event).map(({ n }) => n);

  test('loads the routes again: one is new, one is gone, one has changed', async (t) => {
    const names = ['one', 'two', 'three', 'changed'];
    const user = await connect(t, edge, { userId: 'r1', further: names });
    const say = (key, n) => services.publish(key, { userId: 'r1', n });
    await reload({ routes: [route('r.one', 'one'), route('r.two', 'two')] });
    await until('both routes', async () => {
      await say('r.one', 1);
      await say('r.two', 1);
      return user.all('one').length > 0 && user.all('two').length > 0;
    });
    await reload({ routes: [route('r.two', 'changed'), route('r.three', 'three')] });
    await until('the new route', async () => {
      await say('r.one', 2); // stays in its queue, which nobody consumes any more
      await say('r.three', 2);
      return user.all('three').length > 0;
    });
    await until('the route that has changed', async () => {
      await say('r.two', 2);
      return user.all('changed').length > 0;
    });
    assert.ok(!heard(user, 'one').includes(2), 'a route that is gone');
    await reload({ routes: [route('r.one', 'one')] });
    await until('what has waited in the queue', () => heard(user, 'one').includes(2));
  });

  test('a route into a room that nobody can be in is refused', async () => {
    await reload(into('order:{id}'), 'refused');
    await relay.logs(/refused what was read again.*routes\.json:2: nobody can be in this room/);
  });

  test('a wrong file is refused whole, and the old routes stay', async (t) => {
    await reload({ routes: [route('r.four', 'four')] });
    const user = await connect(t, edge, { userId: 'r2', further: ['four', 'five'] });
    await reload(`{"routes": [${JSON.stringify(route('r.five', 'five'))},\n{"routingKey": 1}]}`,
      'refused');
    await relay.logs(/refused what was read again.*what=routes.*routes\.json:2: /);
    await services.publish('r.five', { userId: 'r2', n: 1 });
    await services.publish('r.four', { userId: 'r2', n: 1 });
    await user.next('four');
    assert.deepEqual(user.all('five'), []);
  });

  test('nothing is lost or doubled while events flow', async (t) => {
    const routes = { routes: [route('r.six', 'six')] };
    await reload(routes);
    const user = await connect(t, edge, { userId: 'r3', further: ['six'] });
    let said = 0;
    let flows = true;
    const flow = (async () => {
      while (flows) await services.publish('r.six', { userId: 'r3', n: said++ });
    })();
    for (let i = 0; i < 5; i++) {
      const count = user.all('six').length;
      await until('events to flow', () => user.all('six').length > count + 20);
      await reload(routes);
    }
    flows = false;
    await flow;
    await until('all events', () => user.all('six').length >= said);
    assert.deepEqual(heard(user, 'six'), Array.from({ length: said }, (_, n) => n));
  });
});
