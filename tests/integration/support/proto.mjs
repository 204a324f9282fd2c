// The messages of proto/envelope.proto, read from that file.
import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';

const text = readFileSync(new URL('../../../proto/envelope.proto', import.meta.url), 'utf8');
const names = protobuf.parse(text, { keepCase: true }).root.lookup('gateway.v1');

export const messages = () => names.nestedArray;

export function decode(name, bytes) {
  const type = names.lookupType(name);
  return type.toObject(type.decode(bytes), { longs: Number, bytes: Buffer, arrays: false });
}

export function encode(name, value) {
  const type = names.lookupType(name);
  return Buffer.from(type.encode(type.fromObject(value)).finish());
}
