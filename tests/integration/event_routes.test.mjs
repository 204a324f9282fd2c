// EVENT_ROUTES_FILE: more events without a change of the program.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { assertFresh } from './support/asserts.mjs';
import { run } from './support/child.mjs';
import { connect } from './support/clients.mjs';
import { built, gateway } from './support/gateway.mjs';

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

const { edge, services } = await gateway({ relayEnv: { EVENT_ROUTES_FILE: file } });

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

const wrong = [
  ['no JSON', '{\n  "routes": [\n    nonsense\n', 3],
  ['no room', '{"routes": [\n{"routingKey": "a.b",\n "event": "e", "fields": ["x"]}]}', 2],
  ['an unknown member', '{"routes": [\n\n{"routingKeys": "a.b"}]}', 3],
  ['a template without a room id',
    '{"routes": [{"routingKey": "a.b",\n"room": "fixed", "event": "e", "fields": ["x"]}]}', 2],
];
for (const [name, text, line] of wrong) {
  test(`a wrong file stops the start with file, line and reason: ${name}`, async () => {
    const path = await routesFile('wrong.json', text);
    const result = await run(built('ws-relay'), ['--check-config'],
      { env: { EVENT_ROUTES_FILE: path }, cwd: dir });
    assert.notEqual(result.code, 0);
    assert.match(result.stderr, new RegExp(`wrong\\.json:${line}: .+`));
  });
}

test('a file that is not there stops the start and is named', async () => {
  const result = await run(built('ws-relay'), ['--check-config'],
    { env: { EVENT_ROUTES_FILE: join(dir, 'absent.json') }, cwd: dir });
  assert.notEqual(result.code, 0);
  assert.match(result.stderr, /absent\.json/);
});
