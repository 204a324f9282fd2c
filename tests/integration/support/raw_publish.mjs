// Publishes with properties that are given as bytes: what no client library would write.
const METHOD = 1, HEADER = 2, BODY = 3, FRAME_END = 0xce;
const BASIC = 60, PUBLISH = 40;
const HAS_HEADERS = 1 << 13, HAS_ID = 1 << 7;

const u16 = (n) => Buffer.from([n >> 8, n & 255]);
const u32 = (n) => { const b = Buffer.alloc(4); b.writeUInt32BE(n); return b; };
const short = (text) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);

function frame(type, channel, payload) {
  return Buffer.concat([Buffer.from([type]), u16(channel), u32(payload.length), payload,
    Buffer.from([FRAME_END])]);
}

// A table with one member that is a text of so many bytes.
export function longHeader(bytes) {
  const member = Buffer.concat([short('long'), Buffer.from('S'), u32(bytes), Buffer.alloc(bytes, 'x')]);
  return Buffer.concat([u32(member.length), member]);
}

// A table with one member that has lists in lists ('A'), or tables in tables ('F').
export function nestedHeader(kind, levels) {
  const each = kind === 'A' ? 5 : 6;
  const parts = [];
  for (let left = each * levels - each; left >= 0; left -= each) {
    parts.push(Buffer.from(kind === 'A' ? 'A' : '\0F', 'latin1'), u32(left));
  }
  const nested = Buffer.concat(parts);
  const table = kind === 'A' ? Buffer.concat([short('k'), nested]) : nested;
  return Buffer.concat([u32(table.length), table]);
}

// Straight to a queue, over a channel of amqplib's.
export function publishRaw(channel, queue, headers, messageId, text) {
  const body = Buffer.from(text);
  channel.connection.stream.write(Buffer.concat([
    frame(METHOD, channel.ch, Buffer.concat([u16(BASIC), u16(PUBLISH), u16(0), short(''), short(queue),
      Buffer.from([0])])),
    frame(HEADER, channel.ch, Buffer.concat([u16(BASIC), u16(0), u32(0), u32(body.length),
      u16(HAS_HEADERS | HAS_ID), headers, short(messageId)])),
    frame(BODY, channel.ch, body),
  ]));
}
