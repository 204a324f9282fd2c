// docs/gateway-file.schema.json accepts and refuses what the programs do.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import Ajv2020 from 'ajv/dist/2020.js';
import { run } from './support/child.mjs';
import { built } from './support/gateway.mjs';

const text = (path) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
const validate = new Ajv2020({ strict: false }).compile(
  JSON.parse(await text('docs/gateway-file.schema.json')));

const dir = await mkdtemp(join(tmpdir(), 'gateway-file-schema-'));
after(() => rm(dir, { recursive: true, force: true }));

let files = 0;

// Whether the program takes the file.
async function takes(file) {
  files += 1;
  const path = join(dir, `${files}.json`);
  await writeFile(path, JSON.stringify(file));
  const { code, stderr } = await run(built('ws-edge'), ['--check-config'],
    { env: { GATEWAY_FILE: path }, cwd: dir });
  if (code !== 0) assert.match(stderr, new RegExp(`${path}:1: .`));
  return code === 0;
}

const long = (length) => 'x'.repeat(length);
const many = (count, of) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`n${i}`, of]));
const type = (members) => ({ rooms: { team: members } });
const named = (name) => ({ rooms: { [name]: {} } });
const service = { url: 'http://order:4005', path: '/api/orders/{id}' };
const sent = (members, name = 'a') => ({ clientEvents: { [name]: { room: true, as: 'b', ...members } } });
const routed = (members) => ({
  rooms: { order: {} },
  events: [{ routingKey: 'k', room: 'order:{id}', event: 'e', fields: ['f'], ...members }],
});
const acting = (members) => ({ rooms: { order: {} }, events: [{ routingKey: 'k', ...members }] });
const field = (...fields) => routed({ fields });

const good = {
  'nothing at all': {},
  'no types': { rooms: {} },
  '64 types': { rooms: many(64, {}) },
  'a name of 64 bytes': named(long(64)),
  'all characters of a name': named('aZ0._-'),
  open: type({ join: 'open' }),
  claims: type({ join: 'claims', announce: false }),
  service: type({ join: 'service', ...service }),
  'a service, perhaps': type(service),
  'a service with base and port': type({ ...service, url: 'https://[::1]:8443/base' }),
  'a path with a query': type({ ...service, path: '/a?room={id}&b=c' }),
  none: type({ join: 'none', onConnect: 'team:{claims.https://a.b/team id}' }),
  'presence of users': { users: { presence: true, graceSeconds: 300 } },
  'events of users': { users: { presence: true, events: { exchange: 'x', connected: 'c', disconnected: 'd' } } },
  'presence of rooms': type({ presence: true, announceCount: true }),
  'a number that is not told': type({ announceCount: false }),
  '32 client events': { clientEvents: many(32, { room: true, as: 'b' }) },
  'limits of a client event': sent({ maxBytes: 65536, perSecond: 100 }),
  'a name of a client event with a colon': sent({}, 'cursor:move'),
  'a client event to services': { clientEvents: { a: { publish: { exchange: 'a', routingKey: long(255) } } } },
  'a client event to both': sent({ publish: { exchange: 'a', routingKey: 'b' } }),
  'a route': routed({}),
  'a route that acts': acting({ leave: { user: '{a|b}', room: 'order:{id}' } }),
  'a route that lets in': acting({ join: { user: '{a|b}', room: 'order:{id}' } }),
  'a route that disconnects, with an event': routed({ disconnect: { user: '{a}' } }),
  'several rooms': routed({ rooms: ['user:{watchers[]}', 'order:{other}'] }),
  everybody: routed({ room: '*' }),
  'everybody among others': routed({ rooms: ['order:{other}', '*'] }),
  'events that name their rooms': { publish: true },
  'rooms alone': routed({ room: undefined, rooms: ['user:{watchers[]}'] }),
  'a room of alternatives': routed({ room: 'user:{a|b|c|d|e|f|g|h}-x' }),
  'fields of all kinds': field('a', { name: 'b' }, { name: 'c', from: ['c', 'd'], default: null },
    { name: 'e', value: { f: [] } }, { name: 'g', time: true }, { name: 'h', value: 1, time: false },
    { name: 'i', default: 1, time: false }),
};

const bad = {
  'presence that is a text': type({ presence: 'yes' }),
  'a number that is told and not known': type({ announceCount: true }),
  'users in a list': { users: [] },
  'an unknown member of users': { users: { online: true } },
  'events of users that nobody keeps': { users: { events: { exchange: 'x' } } },
  'events of users without an exchange': { users: { presence: true, events: { connected: 'c' } } },
  'an unknown event of users': { users: { presence: true, events: { exchange: 'x', online: 'c' } } },
  'events of users in a list': { users: { presence: true, events: [] } },
  'an empty exchange': { users: { presence: true, events: { exchange: '' } } },
  'a long grace': { users: { graceSeconds: 301 } },
  'a grace with a fraction': { users: { graceSeconds: 1.5 } },
  'two actions': acting({ leave: { user: '{a}', room: 'order:{id}' }, disconnect: { user: '{a}' } }),
  'leaving and joining': acting({ leave: { user: '{a}', room: 'order:{id}' }, join: { user: '{a}', room: 'order:{id}' } }),
  'joining many rooms': acting({ join: { user: '{a}', room: 'order:{id[]}' } }),
  'joining the room of everybody': acting({ join: { user: '{a}', room: '*' } }),
  'an action on everybody': acting({ disconnect: { user: '*' } }),
  'joining no room': acting({ join: { user: '{a}' } }),
  'an action and half an event': acting({ disconnect: { user: '{a}' }, event: 'e' }),
  'an action on a room': acting({ disconnect: { user: 'user:{a}' } }),
  'an action on many': acting({ disconnect: { user: '{a[]}' } }),
  'leaving many rooms': acting({ leave: { user: '{a}', room: 'order:{id[]}' } }),
  'leaving the own room': acting({ leave: { user: '{a}', room: 'user:{a}' } }),
  'leaving no room': acting({ leave: { user: '{a}' } }),
  'a list': [],
  'an unknown member': { room: {} },
  'publish that is a text': { publish: 'yes' },
  'the key of events that name their rooms': routed({ routingKey: 'gateway.publish' }),
  'types in a list': { rooms: [] },
  '65 types': { rooms: many(65, {}) },
  'a name of 65 bytes': named(long(65)),
  'an empty name': named(''),
  'a colon in a name': named('a:b'),
  'another letter in a name': named('é'),
  'the type of users': named('user'),
  'a type that is a text': { rooms: { team: 'open' } },
  'an unknown member of a type': type({ joins: 'open' }),
  'another join': type({ join: 'all' }),
  'a join that is null': type({ join: null }),
  'a URL of an open type': type({ join: 'open', ...service }),
  'a path of a type for nobody': type({ join: 'none', path: '/{id}' }),
  'a URL of another scheme': type({ ...service, url: 'ftp://order' }),
  'a URL with a password': type({ ...service, url: 'http://a:b@order' }),
  'a URL with a query': type({ ...service, url: 'http://order?a' }),
  'a URL without a host': type({ ...service, url: 'http://' }),
  'a path without a place': type({ ...service, path: '/api' }),
  'a path with two places': type({ ...service, path: '/{id}/{id}' }),
  'a path without a slash': type({ ...service, path: 'api/{id}' }),
  'a claim without a name': type({ onConnect: 'team:{claims.}' }),
  'a claim with a long name': type({ onConnect: `team:{claims.${long(65)}}` }),
  'a room without a claim': type({ onConnect: 'team:{teamId}' }),
  'a claim that is a list': type({ onConnect: [] }),
  'announce that is a text': type({ announce: 'no' }),
  'client events in a list': { clientEvents: [] },
  '33 client events': { clientEvents: many(33, { room: true, as: 'b' }) },
  'a client event of the gateway': sent({}, 'typing'),
  'a client event of Socket.IO': sent({}, 'disconnect'),
  'a blank in the name of a client event': sent({}, 'a b'),
  'a client event without as': { clientEvents: { a: { room: true } } },
  'a client event without room': { clientEvents: { a: { as: 'b' } } },
  'room that is false': sent({ room: false }),
  'as that the gateway sends': sent({ as: 'connected' }),
  'publish without a routing key': sent({ publish: { exchange: 'a' } }),
  'publish to the default exchange': sent({ publish: { exchange: '', routingKey: 'b' } }),
  'publish with a long routing key': sent({ publish: { exchange: 'a', routingKey: long(256) } }),
  'publish by the kept routing key': sent({ publish: { exchange: 'a', routingKey: 'gateway.publish' } }),
  'publish with another member': sent({ publish: { exchange: 'a', routingKey: 'b', c: 1 } }),
  'publish, and a name for others': { clientEvents: { a: { publish: { exchange: 'a', routingKey: 'b' }, as: 'b' } } },
  'no bytes': sent({ maxBytes: 0 }),
  'too many bytes': sent({ maxBytes: 65537 }),
  'a rate of a half': sent({ perSecond: 0.5 }),
  'too high a rate': sent({ perSecond: 101 }),
  'events in an object': { events: {} },
  'a route without a key': { rooms: { order: {} }, events: [{ room: 'order:{id}', event: 'e', fields: ['f'] }] },
  'a route to no room': routed({ room: undefined }),
  'rooms that are none': routed({ rooms: [] }),
  'rooms in a text': routed({ rooms: 'user:{id}' }),
  '17 rooms': routed({ room: undefined, rooms: Array(17).fill('user:{id}') }),
  'a room without a place': routed({ room: 'order:1' }),
  'a room with two places': routed({ room: 'order:{a}{b}' }),
  'a wildcard': routed({ routingKey: 'order.*' }),
  'the key of dead letters': routed({ routingKey: 'dead-letter' }),
  'a control character': routed({ event: 'a\u0007' }),
  'an event of Socket.IO': routed({ event: 'connect' }),
  'an unknown member of a route': routed({ rom: 'order:{id}' }),
  'no fields': field(),
  'a field that is a number': field(1),
  'a field without a name': field({ from: ['a'] }),
  'a field with nothing to come from': field({ name: 'a', from: [] }),
  'nine alternatives': field({ name: 'a', from: Array.from('abcdefghi') }),
  'value and default': field({ name: 'a', value: 1, default: 2 }),
  'value and time': field({ name: 'a', value: 1, time: true }),
  'default and time': field({ name: 'a', default: 1, time: true }),
};

// What no schema can say, or not well.
const onlyByPrograms = {
  'a service without an address': type({ join: 'service' }),
  'a URL without a path': type({ url: service.url }),
  'a claim for another type': type({ onConnect: 'org:{claims.id}' }),
  'a route to a type that is not there': { events: routed({}).events },
  'a route to a room for nobody': { ...routed({}), rooms: { order: { join: 'none' } } },
  'a client that passes for a service': { ...routed({}), ...sent({ as: 'e' }) },
  'more rooms than 16 together': routed({ rooms: Array(16).fill('user:{id}') }),
  'a list beside an id': routed({ room: 'user:{a|b[]}' }),
  'a routing key twice': { ...routed({}), events: [...routed({}).events, ...routed({}).events] },
};

describe('both accept', () => {
  for (const [name, file] of Object.entries(good)) {
    test(name, async () => {
      assert.ok(validate(file), JSON.stringify(validate.errors));
      assert.ok(await takes(file));
    });
  }
});

describe('both refuse', () => {
  for (const [name, file] of Object.entries(bad)) {
    test(name, async () => {
      assert.ok(!validate(file));
      assert.ok(!await takes(file));
    });
  }
});

describe('the programs refuse', () => {
  for (const [name, file] of Object.entries(onlyByPrograms)) {
    test(name, async () => {
      assert.ok(validate(file), JSON.stringify(validate.errors));
      assert.ok(!await takes(file));
    });
  }
});

test('the built-in file is as the schema says', async () => {
  assert.ok(validate(JSON.parse(await text('common/gateway_file/gateway.json'))));
});
