// The messages of proto/envelope.proto, written by hand, so that a test can play the relay.

function varint(number) {
  const bytes = [];
  for (let left = BigInt(number); ; left >>= 7n) {
    if (left < 128n) return Buffer.from([...bytes, Number(left)]);
    bytes.push(Number((left & 127n) | 128n));
  }
}

const number = (field, value) => Buffer.concat([varint(field << 3), varint(value)]);

function bytes(field, value) {
  const content = Buffer.from(value);
  return Buffer.concat([varint((field << 3) | 2), varint(content.length), content]);
}

const position = (field, { epoch, seq }) =>
  bytes(field, Buffer.concat([number(1, epoch), number(2, seq)]));

// One event of the log, behind the one at `prev`.
export function logged({ id, at, prev, room, event, args }) {
  return Buffer.concat([
    bytes(1, id), position(2, at), ...(prev ? [position(3, prev)] : []), bytes(4, 'test-relay'),
    bytes(5, room), bytes(7, event), bytes(8, JSON.stringify(args)), number(9, Date.now()),
  ]);
}

// What the active relay says each second; `top` is the newest position of the only shard.
export function heartbeat({ top, attempts = 0, connected = true }) {
  return bytes(1, Buffer.concat([
    bytes(1, 'test-relay'), number(2, Date.now()), position(3, top), number(4, connected ? 1 : 0),
    number(5, attempts), bytes(6, 'rabbit.example'), number(7, 5672),
  ]));
}
