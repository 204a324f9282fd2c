// docs/asyncapi.yaml as a judge of real traffic: each function answers with what is wrong, or with
// nothing. What the document does not name is a fault.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { load } from 'js-yaml';

export const CONTRACT_FILE = fileURLToPath(
  new URL('../../../docs/asyncapi.yaml', import.meta.url));
export const contract = load(readFileSync(CONTRACT_FILE, 'utf8'));

const ajv = new Ajv({ allErrors: true, strict: false });
addFormats(ajv);
ajv.addFormat('binary', true);
ajv.addSchema(contract, 'asyncapi.yaml', undefined, false);

// What a reference of the document points to, through further references.
export function resolve(node) {
  let found = node;
  while (found?.$ref) {
    found = found.$ref.slice(2).split('/').reduce((at, part) => at?.[part], contract);
    if (found === undefined) throw new Error(`${node.$ref} leads nowhere`);
  }
  return found;
}

// The messages of an operation: those that it lists, or all of its channel.
export function messagesOf(operation) {
  const listed = operation.messages ?? Object.values(resolve(operation.channel).messages);
  return listed.map(resolve);
}

const validators = new Map();

// A component schema by its name, compiled once.
export function validatorOf(name) {
  if (!validators.has(name)) {
    if (!contract.components.schemas[name]) throw new Error(`no schema ${name}`);
    validators.set(name, ajv.compile({ $ref: `asyncapi.yaml#/components/schemas/${name}` }));
  }
  return validators.get(name);
}

const nameOf = (schema) => schema.$ref.split('/').at(-1);

// Why the value fits none of the schemas; null when it fits one.
function fault(what, schemas, value) {
  const reasons = [];
  for (const schema of schemas) {
    const validate = validatorOf(nameOf(schema));
    if (validate(value)) return null;
    reasons.push(`${nameOf(schema)}: ${ajv.errorsText(validate.errors, { dataVar: 'it' })}`);
  }
  return `${what} is not as in docs/asyncapi.yaml: ${JSON.stringify(value)?.slice(0, 300)}\n  ${
    reasons.join('\n  ')}`;
}

const operations = Object.values(contract.operations);
const onChannel = (names, action) => operations.filter((operation) =>
  operation.action === action && names.some((name) =>
    operation.channel.$ref === `#/channels/${name}`));

export const EXCHANGES = Object.keys(contract.channels).filter((name) =>
  contract.channels[name].bindings?.amqp?.exchange);

const toClients = new Map();
for (const operation of onChannel(['namespace'], 'send')) {
  for (const { name, payload } of messagesOf(operation)) toClients.set(name, payload);
}
const fromClients = new Map();
for (const operation of onChannel(['namespace'], 'receive')) {
  for (const { name, payload } of messagesOf(operation)) {
    fromClients.set(name, { payload, replies: messagesOf(operation.reply).map((m) => m.payload) });
  }
}
const fromServices = new Map();
for (const operation of onChannel(EXCHANGES, 'receive')) {
  for (const { name, payload } of messagesOf(operation)) fromServices.set(name, payload);
}

export const EVENTS_TO_CLIENTS = [...toClients.keys()];
export const EVENTS_FROM_CLIENTS = [...fromClients.keys()].filter((name) => name !== 'CONNECT');
export const ROUTING_KEYS = [...fromServices.keys()];

// What stands behind the body of each event for clients that can be recovered. `connected` of a
// recovery brings the client's own, which may have the form of an earlier version.
const isOffset = (value) =>
  typeof value === 'string' && /^([\w~]{8,18}(\.[\w~.]+)?|\d{13}-\d+)$/.test(value);

// An event that a client received, with its arguments.
export function eventFault(name, args) {
  if (!toClients.has(name)) return `docs/asyncapi.yaml names no event "${name}" to clients`;
  if (args.length === 2 && !isOffset(args[1])) return `"${name}" has no offset but ${args[1]}`;
  if (args.length > 2 || args.length === 0) return `"${name}" has ${args.length} arguments`;
  return fault(`"${name}"`, [toClients.get(name)], args[0]);
}

// What a client sends.
export function requestFault(name, payload) {
  if (!fromClients.has(name)) return `docs/asyncapi.yaml names no event "${name}" from clients`;
  return fault(`"${name}"`, [fromClients.get(name).payload], payload);
}

// The ack of an event. An event that the document does not name must not be answered.
export function ackFault(name, answer) {
  const replies = fromClients.get(name)?.replies;
  if (!replies) return `docs/asyncapi.yaml names no event "${name}" from clients`;
  return fault(`the ack of "${name}"`, replies, answer);
}

// The error of socket.io-client's `connect_error`, unless it is the transport's own.
export function refusalFault(error) {
  if (error.type === 'TransportError') return null;
  return fault('the refusal', [{ $ref: '#/components/schemas/ConnectRefused' }],
    { message: error.message });
}

// The body of an event that a service publishes; bytes that are no JSON are one fault of many.
export function publicationFault(routingKey, body) {
  if (!fromServices.has(routingKey)) return `docs/asyncapi.yaml has no "${routingKey}"`;
  let value;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(body)));
  } catch (error) {
    return `no JSON: ${error.message}`;
  }
  return fault(routingKey, [fromServices.get(routingKey)], value);
}

export function deadLetterFault({ headers }) {
  return fault('the headers of a dead letter', [resolve(contract.channels.deadLetters
    .messages.deadLetter).headers], headers);
}

export function schemaFault(name, value) {
  return fault(name, [{ $ref: `#/components/schemas/${name}` }], value);
}
