// docs/asyncapi.yaml is a valid AsyncAPI document, and names what the code knows, no more, no less.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Parser } from '@asyncapi/parser';
import { run } from './support/child.mjs';
import { CONTRACT_FILE, EVENTS_FROM_CLIENTS, EVENTS_TO_CLIENTS, EXCHANGES, ROUTING_KEYS, contract,
  eventFault, resolve, schemaFault } from './support/contract.mjs';
import { built } from './support/gateway.mjs';
import { messages } from './support/proto.mjs';

const { schemas } = contract.components;
const source = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const gatewaySources = readdirSync(new URL('../../edge/gateway', import.meta.url), { recursive: true })
  .filter((file) => file.endsWith('.c')).map((file) => source(`edge/gateway/${file}`)).join('\n');
const { events: routes } = JSON.parse(source('common/gateway_file/gateway.json'));

// What the group of the pattern holds, each once; none at all means that the code looks different.
function found(text, pattern) {
  const all = new Set([...text.matchAll(pattern)].map(([, name]) => name));
  assert.ok(all.size > 0, `nothing is like ${pattern}`);
  return [...all].sort();
}

const sorted = (values) => [...new Set(values)].sort();
const errorsOf = (name) => Object.values(schemas[name].properties)[0].enum;
const tokenErrors = found(source('edge/gateway/clients/token_status.c'), /\[TOKEN_\w+\] = "([^"]+)"/g)
  .filter((word) => word !== 'ok');

async function isValid(text) {
  const { document, diagnostics } = await new Parser().parse(text);
  const WARNING = 1; // what is above it is information
  assert.deepEqual(diagnostics.filter(({ severity }) => severity <= WARNING)
    .map(({ path, message }) => `${path.join('/')}: ${message}`), []);
  assert.equal(document.version(), '3.0.0');
}

test('it is valid AsyncAPI 3.0', () => isValid(readFileSync(CONTRACT_FILE, 'utf8')));

test('ws-edge --asyncapi prints it with the built-in file', async () => {
  const { code, stdout, stderr } = await run(built('ws-edge'), ['--asyncapi'],
    { env: { NODE_ENV: 'production', JWT_SECRET: 'a secret of thirty-two characters' } });
  assert.equal(code, 0, stderr);
  assert.ok(stdout === readFileSync(CONTRACT_FILE, 'utf8'),
    'NODE_ENV=production JWT_SECRET=… ws-edge --asyncapi >docs/asyncapi.yaml makes it so');
});

test('its version is that of the programs', async () => {
  const { stdout } = await run(built('ws-edge'), ['--version']);
  assert.equal(stdout.trim(), `ws-edge ${contract.info.version}`);
});

test('every example is as its schema says', () => {
  let count = 0;
  for (const message of Object.values(contract.components.messages)) {
    for (const { payload } of message.examples ?? []) {
      assert.equal(schemaFault(message.payload.$ref.split('/').at(-1), payload), null);
      count += 1;
    }
  }
  assert.ok(count > 20, `${count} examples`);
});

test('no schema is left over', () => {
  const used = new Set([...JSON.stringify(contract).matchAll(/#\/components\/schemas\/([\w.-]+)"/g)]
    .map(([, name]) => name));
  const promises = ['MessageOfMessageService', 'BookingOfBookingService'];
  assert.deepEqual(Object.keys(schemas).filter((name) => !used.has(name)).sort(), promises.sort());
});

describe('events', () => {
  test('from clients are those of the table in client_events.c', () => {
    const handled = found(source('edge/gateway/client_events.c'),
      /\[EVENT_\w+\] = \{"(\w+)", on_\w+\}/g);
    assert.deepEqual(sorted(EVENTS_FROM_CLIENTS), handled);
  });

  test('to clients are those that the edge emits and the routes lead to', () => {
    const emitted = found(gatewaySources,
      /(?:delivery_emit|sio_socket_emit_at|room_events_(?:emit|announce)(?:_for)?|tell_typing)\([^;{]*?"(\w+)"/g);
    assert.deepEqual(sorted(EVENTS_TO_CLIENTS),
      sorted([...emitted, ...routes.map(({ event }) => event)]));
  });

  test('from services are those of the built-in routes', () => {
    const keys = sorted(routes.map(({ routingKey }) => routingKey));
    assert.deepEqual(sorted(ROUTING_KEYS), keys);
    assert.deepEqual(sorted(contract.components.parameters.routingKey.enum), keys);
  });

  for (const route of routes) {
    test(`${route.event} has the members of its route, and ${route.routingKey} their sources`, () => {
      const told = schemas[`event.${route.event}`];
      const taken = schemas[`data.${route.routingKey}`];
      const fields = route.fields.map((field) =>
        (typeof field === 'string' ? { name: field } : field));
      assert.deepEqual(Object.keys(told.properties), fields.map(({ name }) => name));
      const rooms = route.room.match(/\{(.*)\}/)[1].split('|');
      const sources = fields.filter(({ value }) => value === undefined)
        .flatMap(({ name, from = [name] }) => from);
      assert.deepEqual(sorted(Object.keys(taken.properties)), sorted([...rooms, ...sources]));
      // What always stands there.
      const always = fields.filter(({ name, value, default: fallback, time }) =>
        value !== undefined || fallback !== undefined || time || rooms[0] === name);
      assert.deepEqual(told.required, always.map(({ name }) => name));
      for (const { name, value } of fields.filter((field) => field.value !== undefined)) {
        assert.equal(told.properties[name].const, value);
      }
    });
  }
});

describe('errors', () => {
  const rate = found(source('edge/socketio/client.c'), /"error\\":\\"([^"\\]+)/g);

  test('of acks are those that the edge answers with', () => {
    const literal = found(gatewaySources, /ack_error\([^;{]*?"([^"]+)"/g);
    const room = found(source('edge/gateway/rooms/room_request.c'), /\[ROOM_REQUEST_\w+\] = "([^"]+)"/g)
      .filter((word) => word !== 'ok');
    const named = ['JoinRefused', 'LeaveRefused', 'TypingRefused', 'RefreshRefused']
      .flatMap(errorsOf);
    assert.deepEqual(sorted(named), sorted([...literal, ...room, ...tokenErrors, ...rate]));
  });

  test('of refusals are those that the edge refuses with', () => {
    const gateway = found(gatewaySources,
      /sio_socket_refuse\(socket, SPAN_LIT\("([^"]+)"/g);
    const namespace = found(source('edge/socketio/connect.c'), /"(Invalid namespace)"/g);
    assert.deepEqual(sorted(errorsOf('ConnectRefused')), sorted([...gateway, ...namespace, ...rate,
      ...tokenErrors.map((reason) => `Authentication error: ${reason}`)]));
  });
});

describe('RabbitMQ', () => {
  test('the exchanges are those that the relay binds by default', async () => {
    const { stdout } = await run(built('ws-relay'), ['--help']);
    const [, names] = stdout.match(/RABBITMQ_EXCHANGES=(\S+)/);
    assert.deepEqual(sorted(EXCHANGES), sorted(names.split(',')));
    for (const name of EXCHANGES) {
      assert.equal(contract.channels[name].bindings.amqp.exchange.name, name);
    }
  });

  test('dead letters have the queue, the headers and the reasons of the relay', async () => {
    const { stdout } = await run(built('ws-relay'), ['--help']);
    const [, prefix] = stdout.match(/QUEUE_PREFIX=(\S+)/);
    const queue = prefix + found(source('proto/letter_headers.h'), /DEAD_LETTER_KEY\s+"([^"]+)"/g)[0];
    assert.equal(contract.channels.deadLetters.address, queue);
    assert.equal(contract.channels.deadLetters.bindings.amqp.queue.name, queue);
    const headers = new Map([...source('proto/letter_headers.h')
      .matchAll(/#define (LETTER_\w+)\s+"(x-[a-z-]+)"/g)].map(([, word, name]) => [word, name]));
    const always = found(source('relay/rabbitmq/dead_letters.c'), /\{\.name = (LETTER_\w+)/g)
      .map((word) => headers.get(word));
    assert.deepEqual(sorted(schemas.DeadLetterHeaders.required), sorted(always));
    assert.deepEqual(sorted(Object.keys(schemas.DeadLetterHeaders.properties)),
      sorted(headers.values()));
    const told = source('relay/routing/translate_status.c').replace(/"\s+"/g, '');
    const reasons = found(told, /\[TRANSLATE_\w+\] = "([^"]+)"/g)
      .filter((text) => text !== 'ok');
    assert.deepEqual(sorted(schemas.DeadLetterHeaders.properties['x-reason'].enum), reasons);
  });
});

describe('messages between relay and edges', () => {
  const TYPES = { uint64: 'integer', uint32: 'integer', bool: 'boolean', string: 'string',
    bytes: 'string' };
  const described = (field) => {
    const one = TYPES[field.type] ? { type: TYPES[field.type] }
      : { $ref: `#/components/schemas/${field.type}` };
    return field.repeated ? { type: 'array', items: one } : one;
  };
  const bare = ({ type, $ref, items }) =>
    Object.fromEntries(Object.entries({ type, $ref, items }).filter(([, value]) => value));

  for (const message of messages().filter(({ name }) => name !== 'Control')) {
    test(`${message.name} has the fields of envelope.proto`, () => {
      const fields = Object.fromEntries(message.fieldsArray.map((field) =>
        [field.name, described(field)]));
      const written = Object.fromEntries(Object.entries(schemas[message.name].properties)
        .map(([name, schema]) => [name, bare(schema)]));
      assert.deepEqual(written, fields);
      assert.strictEqual(schemas[message.name].additionalProperties, false);
    });
  }

  test('the commands are those of Control', () => {
    const control = messages().find(({ name }) => name === 'Control');
    assert.deepEqual(Object.keys(contract.channels.control.messages),
      control.fieldsArray.map(({ name }) => name));
  });
});

describe('it notices', () => {
  const closed = Object.keys(schemas).filter((name) =>
    schemas[name].additionalProperties === false && schemas[name].properties);

  test('a further member of whatever the gateway writes', () => {
    let count = 0;
    for (const { name, payload, examples } of Object.values(contract.components.messages)) {
      const schema = payload.$ref?.split('/').at(-1);
      if (!closed.includes(schema)) continue;
      for (const example of examples ?? []) {
        assert.match(schemaFault(schema, { ...example.payload, further: 1 }) ?? '', /additional/,
          name);
        count += 1;
      }
    }
    assert.ok(count > 15, `${count} examples`);
  });

  test('a member that is missing', () => {
    for (const { name, payload, examples } of Object.values(contract.components.messages)) {
      const schema = payload.$ref?.split('/').at(-1);
      for (const member of (closed.includes(schema) && schemas[schema].required) || []) {
        for (const example of examples ?? []) {
          const { [member]: left, ...rest } = example.payload;
          assert.match(schemaFault(schema, rest) ?? '', /required/, `${name} without ${member}`);
        }
      }
    }
  });

  test('an event that it does not name, and a second argument', () => {
    assert.match(eventFault('new_mesage', [{}]), /names no event/);
    assert.match(eventFault('token_expired', [{}, 1]), /no offset/);
    assert.match(eventFault('token_expired', [{}, '00000012', 1]), /3 arguments/);
    assert.equal(eventFault('token_expired', [{}, '00000012']), null);
    assert.equal(eventFault('token_expired', [{}]), null);
  });
});
