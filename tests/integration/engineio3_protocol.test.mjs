// Engine.IO 3 on the wire, and what Socket.IO says to its clients unasked.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { MAX_PAYLOAD, OFTEN, SELDOM, echoServer, lifeOf } from './support/echo_server.mjs';
import { RawWebSocket, refusedWebSocket } from './support/engineio.mjs';
import { arrived, request } from './support/http.mjs';
import { sleep, until, within } from './support/wait.mjs';

const options = ['--allow-eio3'];
const url = await echoServer({ options });
const hasty = await echoServer({ options, heartbeats: OFTEN });

const LIFE = lifeOf(OFTEN); // of a session at the hasty one that says nothing
const ROUNDED_MS = 2; // clocks that count in milliseconds
const ENGINE = '/engine.io/';
const SOCKETS = '/socket.io/';
const address = (path, query, at = url) => `${at}${path}?EIO=3&transport=${query}`;
const ask = (query, options) => within('an answer', request(address(ENGINE, query), options));

// The packets of a payload as text: each has its length in characters in front.
function packetsOf(payload) {
  const packets = [];
  for (let rest = payload; rest !== '';) {
    const [prefix, digits] = /^([0-9]+):/.exec(rest);
    const end = prefix.length + Number(digits);
    assert.ok(end <= rest.length, payload);
    packets.push(rest.slice(prefix.length, end));
    rest = rest.slice(end);
  }
  return packets;
}

class Polling {
  static async open(path = ENGINE, { parameters = '', at = url } = {}) {
    const polling = new Polling();
    const answer = await request(address(path, `polling${parameters}`, at));
    assert.equal(answer.status, 200);
    [polling.first, ...polling.behind] = packetsOf(answer.body);
    polling.handshake = JSON.parse(polling.first.slice(1));
    polling.url = address(path, `polling&sid=${polling.handshake.sid}`, at);
    return polling;
  }

  poll(options) {
    return within('the answer to a poll', request(this.url, options));
  }

  post(body) {
    return within('the answer to a POST', request(this.url, { method: 'POST', body }));
  }

  async assertEnded() {
    await until('the end of the session', async () => (await this.poll()).status === 400);
  }
}

async function openWebSocket({ sid, path = ENGINE, at = url } = {}) {
  const raw = new RawWebSocket(
    address(path, `websocket${sid ? `&sid=${sid}` : ''}`, at).replace('http', 'ws'));
  if (!sid) raw.handshake = JSON.parse((await raw.next()).slice(1));
  return raw;
}

function assertHandshake(handshake, upgrades) {
  assert.deepEqual({ ...handshake, sid: '' }, { sid: '', upgrades, pingInterval: SELDOM.interval,
    pingTimeout: SELDOM.timeout, maxPayload: MAX_PAYLOAD });
  assert.match(handshake.sid, /^[\w-]{16,}$/);
}

describe('handshake', () => {
  test('over polling', async () => {
    const polling = await Polling.open();
    assert.equal(polling.first[0], '0');
    assert.deepEqual(polling.behind, []);
    assertHandshake(polling.handshake, ['websocket']);
  });

  test('over WebSocket', async () => {
    const raw = await openWebSocket();
    assertHandshake(raw.handshake, []);
    raw.close();
  });

  for (const transport of ['', 'telepathy']) {
    test(`with the transport "${transport}" is refused`, async () => {
      assert.equal((await ask(transport)).status, 400);
      const { status } = await refusedWebSocket(address(ENGINE, transport).replace('http', 'ws'));
      assert.equal(status, 400);
    });
  }

  for (const method of ['POST', 'PUT']) {
    test(`by ${method} is refused`, async () =>
      assert.equal((await ask('polling', { method })).status, 400));
  }
});

describe('messages over polling', () => {
  for (const [name, payload] of [
    ['one', '6:4hello'],
    ['an empty one', '1:4'],
    ['several', '4:4one4:4two6:4three'],
    ['characters of several bytes, which count as one', '5:4€ 日本3:4xy'],
  ]) {
    test(`come back as they are: ${name}`, async () => {
      const polling = await Polling.open();
      const answer = await polling.post(payload);
      assert.equal(answer.status, 200);
      assert.equal(answer.body, 'ok');
      assert.equal((await polling.poll()).body, payload);
    });
  }

  test('come back as base64, if binary, to a client that asked for it', async () => {
    const polling = await Polling.open(ENGINE, { parameters: '&b64=1' });
    await polling.post('4:4one10:b4AQIDBA==');
    assert.equal((await polling.poll()).body, '4:4one10:b4AQIDBA==');
  });

  test('come back as bytes, if binary, to one that did not', async () => {
    const polling = await Polling.open();
    await polling.post('4:4one10:b4AQIDBA==');
    const { headers, bytes } = await polling.poll();
    assert.equal(headers['content-type'], 'application/octet-stream');
    // For each: text or binary, the length digit by digit, 255, the packet.
    assert.deepEqual([...bytes],
      [0, 4, 255, ...Buffer.from('4one'), 1, 5, 255, 4, 1, 2, 3, 4]);
  });
});

describe('what ends a polling session', () => {
  for (const body of ['abc', '6:4hell', '2:9x']) {
    test(`the body ${body}`, async () => {
      const polling = await Polling.open();
      assert.equal((await polling.post(body)).status, 400);
      assert.equal((await polling.poll()).status, 400);
    });
  }

  test('a second poll beside a pending one', async () => {
    const polling = await Polling.open();
    const answers = await Promise.all([polling.poll(), polling.poll()]);
    answers.sort((a, b) => a.status - b.status); // either may have come first
    assert.deepEqual(answers.map(({ status }) => status), [200, 400]);
    assert.equal(answers[0].body, '1:1');
    await polling.assertEnded();
  });

  test('the client saying goodbye; its pending poll is answered', async () => {
    const polling = await Polling.open();
    const { answer: pending } = await arrived(polling.url);
    assert.equal((await polling.post('1:1')).body, 'ok');
    assert.equal((await within('the answer to the poll', pending)).body, '1:6');
    await polling.assertEnded();
  });
});

describe('messages over WebSocket', () => {
  test('text comes back as text', async () => {
    const raw = await openWebSocket();
    raw.send('4€ hello');
    assert.equal(await raw.next(), '4€ hello');
    raw.close();
  });

  test('binary comes back as binary, with a type in front', async () => {
    const raw = await openWebSocket();
    raw.send(Buffer.from([4, 1, 2, 3]));
    assert.deepEqual([...await raw.next()], [4, 1, 2, 3]);
    raw.close();
  });

  for (const [name, message] of [
    ['a packet of an unknown type', 'abc'],
    ['a pong, which only the server may send', '3'],
    ['goodbye', '1'],
  ]) {
    test(`${name} ends the session`, async () => {
      const raw = await openWebSocket();
      raw.send(message);
      await within('the end', raw.closed); // long before its heartbeat is due
    });
  }
});

describe('heartbeats', { concurrency: true }, () => {
  test('of the client keep a polling session alive', async () => {
    const polling = await Polling.open(ENGINE, { at: hasty });
    for (const began = Date.now(); Date.now() - began < 2 * LIFE;) {
      assert.equal((await polling.post('1:2')).status, 200);
      assert.equal((await polling.poll()).body, '1:3');
      await sleep(LIFE / 5);
    }
  });

  test('of the client keep a WebSocket session alive, and its data come back', async () => {
    const raw = await openWebSocket({ at: hasty });
    for (const began = Date.now(); Date.now() - began < 2 * LIFE;) {
      raw.send('2data');
      assert.equal(await raw.next(), '3data');
      await sleep(LIFE / 5);
    }
    raw.close();
  });

  test('that do not come end a WebSocket session', async () => {
    const began = Date.now();
    const raw = await openWebSocket({ at: hasty });
    await within('the end', raw.closed);
    assert.ok(Date.now() - began >= LIFE - ROUNDED_MS, 'it was given no time');
    assert.deepEqual(raw.messages, [], 'the server pings nobody');
  });

  test('that do not come end a polling session', async () => {
    const polling = await Polling.open(ENGINE, { at: hasty });
    const { status, body } = await polling.poll();
    assert.ok(status === 400 || body === '1:1', `${status} ${body}`);
    assert.equal((await polling.post('1:2')).status, 400);
  });
});

describe('upgrade', () => {
  async function upgraded() {
    const polling = await Polling.open();
    const raw = await openWebSocket({ sid: polling.handshake.sid });
    await within('the open WebSocket', once(raw.socket, 'open'));
    raw.send('2probe');
    assert.equal(await raw.next(), '3probe');
    assert.equal((await polling.poll()).body, '1:6');
    raw.send('5');
    raw.send('4first');
    assert.equal(await raw.next(), '4first');
    return { polling, raw };
  }

  test('the session goes on over the WebSocket, and polling is over', async () => {
    const { polling, raw } = await upgraded();
    assert.equal((await polling.poll()).status, 400);
    raw.send('4still');
    assert.equal(await raw.next(), '4still');
    raw.close();
  });

  test('a second WebSocket gets nowhere', async () => {
    const { polling, raw } = await upgraded();
    const second = await openWebSocket({ sid: polling.handshake.sid });
    await within('its end', second.closed);
    raw.send('4still');
    assert.equal(await raw.next(), '4still');
    raw.close();
  });
});

// As engine.io-client 3 does it in a page that has nothing else: scripts and a form.
describe('JSONP', () => {
  const FORM = 'application/x-www-form-urlencoded';

  const packetsOfScript = (script, j) => {
    const [, number, payload] = /^___eio\[(\d+)\]\((".*")\);$/s.exec(script);
    assert.equal(Number(number), j);
    return packetsOf(JSON.parse(payload));
  };

  test('handshake, poll, then a POST of a form', async () => {
    const base = address(SOCKETS, 'polling');
    const handshake = await request(`${base}&j=0`);
    assert.equal(handshake.headers['content-type'], 'text/javascript; charset=UTF-8');
    const [open, ...behind] = packetsOfScript(handshake.body, 0);
    assert.deepEqual(behind, []);
    const polled = `${base}&sid=${JSON.parse(open.slice(1)).sid}`;

    const packets = [];
    for (let j = 1; packets.length < 2; j += 1) {
      packets.push(...packetsOfScript((await within('a poll', request(`${polled}&j=${j}`))).body, j));
    }
    assert.deepEqual(packets, ['40', '42["auth",{}]']);

    const forms = [[FORM, ['a\nb+c']], [`${FORM}; charset=UTF-8`, ['é😀', '\\n']], ['text/plain', ['']]];
    for (const [j, [type, args]] of forms.entries()) {
      const packet = `42${JSON.stringify(['message', ...args])}`;
      const payload = `${packet.length}:${packet}`.replace(/\\n/g, '\\\\n').replace(/\n/g, '\\n');
      const poll = within('a poll', request(`${polled}&j=${20 + j}`));
      const post = await request(`${polled}&j=${10 + j}`, { method: 'POST',
        headers: { 'Content-Type': type }, body: `d=${encodeURIComponent(payload)}` });
      assert.deepEqual([post.status, post.body], [200, 'ok']);
      const [back] = packetsOfScript((await poll).body, 20 + j);
      assert.deepEqual(JSON.parse(back.slice(2)), ['message-back', ...args]);
    }
  });
});

describe('Socket.IO', () => {
  async function openConnected() {
    const raw = await openWebSocket({ path: SOCKETS });
    assert.equal(await raw.next(), '40');
    assert.equal(await raw.next(), '42["auth",{}]');
    return raw;
  }

  test('connects to the main namespace unasked, over WebSocket', async () => {
    const raw = await openConnected();
    raw.send('42["message",1,"2"]');
    assert.equal(await raw.next(), '42["message-back",1,"2"]');
    raw.send('427["message-with-ack",3]');
    assert.equal(await raw.next(), '437[3]');
    raw.close();
  });

  test('connects to the main namespace unasked, over polling', async () => {
    const polling = await Polling.open(SOCKETS);
    assert.deepEqual(polling.behind, []); // nothing comes along with the handshake
    const packets = [];
    while (packets.length < 2) packets.push(...packetsOf((await polling.poll()).body));
    assert.deepEqual(packets, ['40', '42["auth",{}]']);
    await polling.post('15:42["message",1]');
    assert.equal((await polling.poll()).body, '20:42["message-back",1]');
  });

  test('connects to another namespace when asked, and leaves it', async () => {
    const raw = await openConnected();
    raw.send('40/custom,');
    assert.match(await raw.next(), /^40\/custom/);
    assert.equal(await raw.next(), '42/custom,["auth",{}]');
    raw.send('41/custom,');
    raw.send('42["message","main"]');
    assert.equal(await raw.next(), '42["message-back","main"]');
    raw.close();
  });

  test('refuses an unknown namespace', async () => {
    const raw = await openConnected();
    raw.send('40/random');
    assert.match(await raw.next(), /^44\/random,.*Invalid namespace/);
    raw.close();
  });

  test('attachments have a type in front, as all that is binary', async () => {
    const raw = await openConnected();
    const args = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}';
    raw.send(`452-["message",${args}]`);
    raw.send(Buffer.from([4, 1, 2]));
    raw.send(Buffer.from([4, 3]));
    assert.equal(await raw.next(), `452-["message-back",${args}]`);
    assert.deepEqual([...await raw.next()], [4, 1, 2]);
    assert.deepEqual([...await raw.next()], [4, 3]);
    raw.close();
  });
});
