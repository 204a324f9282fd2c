// Socket.IO 5 on the wire, over WebSocket.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { echoServer } from './support/echo_server.mjs';
import { RawPolling, RawWebSocket } from './support/engineio.mjs';
import { within } from './support/wait.mjs';

const url = await echoServer();

async function open() {
  const raw = await RawWebSocket.open(url);
  assert.match(await raw.next(), /^0\{/);
  return raw;
}

async function openConnected() {
  const raw = await open();
  raw.send('40');
  await raw.nextFor('40');
  await raw.nextFor('42["auth"');
  return raw;
}

const sidOf = (packet) => JSON.parse(packet.slice(packet.indexOf('{'))).sid;

describe('CONNECT', () => {
  test('to the main namespace', async () => {
    const raw = await open();
    raw.send('40');
    const packet = await raw.next();
    assert.match(packet, /^40\{"sid":"[\w-]{16,}"\}$/);
    assert.equal(await raw.next(), '42["auth",{}]');
    raw.close();
  });

  test('with a payload', async () => {
    const raw = await open();
    raw.send('40{"token":"123"}');
    await raw.nextFor('40');
    assert.equal(await raw.next(), '42["auth",{"token":"123"}]');
    raw.close();
  });

  test('to a namespace of its own, with and without a payload', async () => {
    const plain = await open();
    plain.send('40/custom,');
    assert.match(await plain.next(), /^40\/custom,\{"sid":"[\w-]{16,}"\}$/);
    assert.equal(await plain.next(), '42/custom,["auth",{}]');
    plain.close();
    const loaded = await open();
    loaded.send('40/custom,{"token":"abc"}');
    await loaded.nextFor('40/custom,');
    assert.equal(await loaded.next(), '42/custom,["auth",{"token":"abc"}]');
    loaded.close();
  });

  test('to both; each has an id of its own, and neither is that of the session', async () => {
    const raw = await RawWebSocket.open(url);
    const session = sidOf(await raw.next());
    raw.send('40');
    const main = sidOf(await raw.nextFor('40'));
    raw.send('40/custom,');
    const custom = sidOf(await raw.nextFor('40/custom'));
    assert.equal(new Set([session, main, custom]).size, 3);
    raw.close();
  });

  test('to an unknown namespace', async () => {
    const raw = await open();
    raw.send('40/random');
    assert.equal(await raw.next(), '44/random,{"message":"Invalid namespace"}');
    raw.close();
  });

  for (const bad of ['40{', '40[1]', '40"x"', '40null', '40{"token":123']) {
    test(`with the payload of ${bad} ends the client`, async () => {
      const raw = await open();
      raw.send(bad);
      await within('the end', raw.closed);
    });
  }

  test('twice ends the client', async () => {
    const raw = await openConnected();
    raw.send('40');
    await within('the end', raw.closed);
  });

  test('over polling', async () => {
    const polling = await RawPolling.open(url);
    await polling.post('40{"token":"p"}');
    assert.match(await polling.pollFor('40'), /^40\{"sid":"/);
    assert.equal(await polling.pollFor('42'), '42["auth",{"token":"p"}]');
    await polling.post('42["message",1]', '427["message-with-ack",2]');
    assert.equal(await polling.pollFor('42'), '42["message-back",1]');
    assert.equal(await polling.pollFor('43'), '437[2]');
  });
});

describe('DISCONNECT', () => {
  test('of one namespace leaves the other', async () => {
    const raw = await openConnected();
    raw.send('40/custom,');
    await raw.nextFor('42/custom');
    raw.send('41');
    raw.send('42/custom,["message","kept"]');
    assert.equal(await raw.next(), '42/custom,["message-back","kept"]');
    raw.close();
  });

  test('of a namespace that is named without a comma leaves the other', async () => {
    const raw = await openConnected();
    raw.send('40/custom');
    assert.match(await raw.next(), /^40\/custom,/);
    assert.equal(await raw.next(), '42/custom,["auth",{}]');
    raw.send('41/custom');
    raw.send('42["message","kept"]');
    assert.equal(await raw.next(), '42["message-back","kept"]');
    raw.close();
  });

  test('of the only namespace leaves the connection', async () => {
    const raw = await openConnected();
    raw.send('41');
    raw.socket.ping();
    await within('the pong', once(raw.socket, 'pong')); // the server is done with the 41
    raw.send('40');
    assert.match(await raw.next(), /^40\{"sid":/);
    raw.close();
  });

  test('and CONNECT again gives a new id', async () => {
    const raw = await RawWebSocket.open(url);
    raw.send('40');
    const first = sidOf(await raw.nextFor('40'));
    raw.send('40/custom,');
    await raw.nextFor('42/custom');
    raw.send('41');
    raw.send('42/custom,["message"]'); // when it is back, the server is done with the 41
    await raw.nextFor('42/custom');
    raw.send('40');
    const second = sidOf(await raw.nextFor('40'));
    assert.notEqual(first, second);
    raw.close();
  });
});

describe('EVENT and ACK', () => {
  const values = ['1', '"2"', '{"3":[true]}', 'null', '[[]]', '-1.5e3', '"\\u20ac \\"q\\" \\\\"',
    '"😀"', '12345678901234567890'];

  for (const args of [...values, values.join(','), '']) {
    test(`the arguments ${args || '(none)'} come back byte by byte`, async () => {
      const raw = await openConnected();
      raw.send(`42["message"${args && ','}${args}]`);
      assert.equal(await raw.next(), `42["message-back"${args && ','}${args}]`);
      raw.send(`42456["message-with-ack"${args && ','}${args}]`);
      assert.equal(await raw.next(), `43456[${args}]`);
      raw.close();
    });
  }

  test('in a namespace of its own', async () => {
    const raw = await open();
    raw.send('40/custom,');
    await raw.nextFor('42/custom');
    raw.send('42/custom,["message",1]');
    assert.equal(await raw.next(), '42/custom,["message-back",1]');
    raw.send('42/custom,0["message-with-ack",2]');
    assert.equal(await raw.next(), '43/custom,0[2]');
    raw.close();
  });

  test('before CONNECT end the client', async () => {
    const raw = await open();
    raw.send('42["message",1]');
    await within('the end', raw.closed);
  });

  test('unknown events and stray acks change nothing', async () => {
    const raw = await openConnected();
    raw.send('42["nobody-knows"]');
    raw.send('43999["stray"]');
    raw.send('42["message","after"]');
    assert.equal(await raw.next(), '42["message-back","after"]');
    raw.close();
  });
});

describe('packets that make no sense end the client', () => {
  const senseless = ['4', '4abc', '49', '42{}', '42[]', '42[{}]', '42["a"', '42["a"]x',
    '42abc["a"]', '42-1["a"]', '42[null]', '42["connect"]', '42["disconnect"]',
    '42["connect_error"]', '42["disconnecting"]', '42["newListener"]', '42["removeListener"]',
    '44{"message":"x"}', '4342{}', '41{"a":1}'];
  for (const packet of senseless) {
    test(packet, async () => {
      const raw = await openConnected();
      raw.send(packet);
      await within('the end', raw.closed);
    });
  }

  test('others do not notice', async () => {
    const healthy = await openConnected();
    for (const packet of senseless.slice(0, 8)) {
      const raw = await openConnected();
      raw.send(packet);
      await within('the end', raw.closed);
    }
    healthy.send('42["message","fine"]');
    assert.equal(await healthy.nextFor('42'), '42["message-back","fine"]');
    healthy.close();
  });
});

describe('binary', () => {
  test('an event with one attachment', async () => {
    const raw = await openConnected();
    raw.send('451-["message",{"_placeholder":true,"num":0}]');
    raw.send(Buffer.from([1, 2, 3]));
    assert.equal(await raw.next(), '451-["message-back",{"_placeholder":true,"num":0}]');
    assert.deepEqual([...await raw.next()], [1, 2, 3]);
    raw.close();
  });

  test('an event with two attachments', async () => {
    const raw = await openConnected();
    const args = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}';
    raw.send(`452-["message",${args}]`);
    raw.send(Buffer.from([1, 2]));
    raw.send(Buffer.from([3]));
    assert.equal(await raw.next(), `452-["message-back",${args}]`);
    assert.deepEqual([...await raw.next()], [1, 2]);
    assert.deepEqual([...await raw.next()], [3]);
    raw.close();
  });

  test('an ack with two attachments', async () => {
    const raw = await openConnected();
    raw.send('452-789["message-with-ack",{"_placeholder":true,"num":0},'
      + '{"_placeholder":true,"num":1}]');
    raw.send(Buffer.from([1]));
    raw.send(Buffer.from([2]));
    assert.equal(await raw.next(),
      '462-789[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]');
    assert.deepEqual([...await raw.next()], [1]);
    assert.deepEqual([...await raw.next()], [2]);
    raw.close();
  });

  for (const [name, send] of [
    ['text while an attachment is awaited', (raw) => {
      raw.send('451-["message",{"_placeholder":true,"num":0}]');
      raw.send('42["message",1]');
    }],
    ['an attachment that nobody awaits', (raw) => raw.send(Buffer.from([1]))],
  ]) {
    test(`${name} ends the client`, async () => {
      const raw = await openConnected();
      send(raw);
      await within('the end', raw.closed);
    });
  }
});
