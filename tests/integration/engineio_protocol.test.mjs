// Engine.IO 4 on the wire, byte by byte.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import WebSocket from 'ws';
import { MAX_PAYLOAD, OFTEN, SELDOM, echoServer, lifeOf } from './support/echo_server.mjs';
import { RawPolling, RawWebSocket, pollingUrl, refusedWebSocket } from './support/engineio.mjs';
import { arrived, request } from './support/http.mjs';
import { until, within } from './support/wait.mjs';

const url = await echoServer();
const hasty = await echoServer({ heartbeats: OFTEN });

const PATH = '/engine.io/';
const openPolling = (at = url) => RawPolling.open(at, { path: PATH });
const openWebSocket = (at = url) => RawWebSocket.open(at, { path: PATH });

async function openedWebSocket(at) {
  const raw = await openWebSocket(at);
  assert.match(await raw.next(), /^0\{/);
  return raw;
}

const get = (query, options) => request(`${url}${PATH}?${query}`, options);

async function assertError(answer, code, message, status = 400) {
  const { status: got, headers, body } = await answer;
  assert.equal(got, status, body);
  assert.match(headers['content-type'], /^application\/json/);
  assert.deepEqual(JSON.parse(body), { code, message });
}

const ROUNDED_MS = 2; // clocks that count in milliseconds

// A session that was not there before `began`, and answered no heartbeat, has just ended.
function assertLived(began) {
  assert.ok(Date.now() - began >= lifeOf(OFTEN) - ROUNDED_MS, 'it was given no time');
}

function assertHandshake(handshake, upgrades) {
  assert.deepEqual(Object.keys(handshake).sort(),
    ['maxPayload', 'pingInterval', 'pingTimeout', 'sid', 'upgrades']);
  assert.deepEqual(handshake.upgrades, upgrades);
  assert.equal(handshake.pingInterval, SELDOM.interval);
  assert.equal(handshake.pingTimeout, SELDOM.timeout);
  assert.equal(handshake.maxPayload, MAX_PAYLOAD);
  assert.match(handshake.sid, /^[\w-]{16,}$/);
}

describe('handshake', () => {
  test('over polling', async () => {
    const answer = await request(pollingUrl(url, null, PATH));
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['content-type'].toLowerCase(), 'text/plain; charset=utf-8');
    assert.match(answer.headers['cache-control'], /no-store/);
    assertHandshake(JSON.parse(answer.body.replace(/^0/, '')), ['websocket']);
  });

  test('over WebSocket', async () => {
    const raw = await openWebSocket();
    const packet = await raw.next();
    assert.equal(packet[0], '0');
    assertHandshake(JSON.parse(packet.slice(1)), []);
    raw.close();
  });

  test('every session has an id of its own', async () => {
    const sids = new Set();
    for (let i = 0; i < 50; i++) sids.add((await openPolling()).sid);
    assert.equal(sids.size, 50);
  });

  test('an empty sid is none', async () => {
    assert.equal((await get('EIO=4&transport=polling&sid=')).status, 200);
  });

  test('further parameters do not matter', async () => {
    assert.equal((await get('t=abc&EIO=4&x=%20&transport=polling&y')).status, 200);
  });
});

describe('errors', () => {
  const TRANSPORT = 'Transport unknown';
  const SESSION = 'Session ID unknown';
  const VERSION = 'Unsupported protocol version';

  test('no transport', () => assertError(get('EIO=4'), 0, TRANSPORT));
  test('an unknown transport', () => assertError(get('EIO=4&transport=telepathy'), 0, TRANSPORT));
  for (const name of ['__proto__', 'constructor', '', 'POLLING']) {
    test(`the transport "${name}"`, () =>
      assertError(get(`EIO=4&transport=${name}`), 0, TRANSPORT));
  }
  test('an unknown sid', () =>
    assertError(get('EIO=4&transport=polling&sid=nobody'), 1, SESSION));
  test('an unknown sid in a POST', () => assertError(
    get('EIO=4&transport=polling&sid=nobody', { method: 'POST', body: '4x' }), 1, SESSION));
  for (const method of ['POST', 'PUT', 'DELETE']) {
    test(`a handshake by ${method}`, () => assertError(
      get('EIO=4&transport=polling', { method, body: 'x' }), 2, 'Bad handshake method'));
  }
  test('plain HTTP with the transport websocket', () =>
    assertError(get('EIO=4&transport=websocket'), 3, 'Bad request'));
  for (const version of ['EIO=5&', 'EIO=abc&', 'EIO=2&', '']) {
    test(`the version "${version}"`, () =>
      assertError(get(`${version}transport=polling`), 5, VERSION));
  }

  test('other paths are not ours', async () => {
    for (const path of ['/', '/engine.iox/?EIO=4&transport=polling', '/other/']) {
      assert.equal((await request(url + path)).status, 404, path);
    }
  });

  describe('of a WebSocket handshake', () => {
    const refused = (query) =>
      refusedWebSocket(`${url.replace('http', 'ws')}${PATH}?${query}`);
    for (const [name, query] of [
      ['an unknown transport', 'EIO=4&transport=telepathy'],
      ['an unknown sid', 'EIO=4&transport=websocket&sid=nobody'],
      ['no version', 'transport=websocket'],
      ['a wrong version', 'EIO=abc&transport=websocket'],
      ['the transport polling', 'EIO=4&transport=polling'],
    ]) {
      test(name, async () => assert.equal((await refused(query)).status, 400));
    }
  });
});

describe('messages over polling', () => {
  test('come back as they are', async () => {
    const polling = await openPolling();
    const texts = ['hello', '', '€ 日本 😀', '"quoted"', '4', '0{"sid":"x"}', 'x'.repeat(90_000)];
    for (const text of texts) {
      const answer = await polling.post(`4${text}`);
      assert.equal(answer.status, 200);
      assert.equal(answer.body, 'ok');
      assert.match(answer.headers['content-type'], /^text\/html/);
      assert.equal(await polling.pollFor('4'), `4${text}`);
    }
  });

  test('several in one payload, in order, both ways', async () => {
    const polling = await openPolling();
    await polling.post('4a', '4b', '4c');
    assert.deepEqual([await polling.pollFor('4'), await polling.pollFor('4'),
      await polling.pollFor('4')], ['4a', '4b', '4c']);
    await polling.post('4d', '4e');
    assert.deepEqual(await polling.poll(), ['4d', '4e']);
  });

  test('binary ones travel as base64', async () => {
    const polling = await openPolling();
    for (const packet of ['bAQIDBA==', 'bAQID', 'b/+8=', 'b']) {
      await polling.post(packet);
      assert.equal(await polling.pollFor('b'), packet);
    }
  });

  test('text and binary mixed keep their order', async () => {
    const polling = await openPolling();
    await polling.post('4one', 'bAQIDBA==', '4two');
    assert.deepEqual(await polling.poll(), ['4one', 'bAQIDBA==', '4two']);
  });

  test('a poll waits until there is something', async () => {
    const began = Date.now();
    const polling = await openPolling(hasty);
    assert.deepEqual(await polling.poll(), ['2']); // the first heartbeat
    assert.ok(Date.now() - began >= OFTEN.interval - ROUNDED_MS);
  });

  test('nothing is lost between two polls', async () => {
    const polling = await openPolling();
    const got = [];
    for (let i = 0; i < 30; i++) {
      await polling.post(`4${i}`);
      if (i % 7 === 0) got.push(...await polling.poll());
    }
    while (got.length < 30) got.push(...await polling.poll());
    assert.deepEqual(got, Array.from({ length: 30 }, (_, i) => `4${i}`));
  });
});

describe('what ends a polling session', () => {
  // After it the sid is unknown.
  const assertEnded = async (polling) => {
    await until('the end of the session', async () => (await polling.pollRaw()).status === 400);
    await assertError(polling.pollRaw(), 1, 'Session ID unknown');
  };

  test('a second poll beside a pending one', async () => {
    const polling = await openPolling();
    const { answer: first } = await arrived(polling.url);
    const second = await polling.pollRaw();
    assert.equal(second.status, 400);
    const { status, body } = await within('the answer to the first', first);
    assert.equal(status, 200);
    assert.equal(body, '1');
    await assertEnded(polling);
  });

  test('a poll that the client breaks off', async () => {
    const polling = await openPolling();
    const control = new AbortController();
    const { answer } = await arrived(polling.url, { signal: control.signal });
    control.abort();
    await assert.rejects(answer);
    assert.equal((await polling.pollRaw()).status, 400);
    await assertEnded(polling);
  });

  test('a packet of an unknown type', async () => {
    const polling = await openPolling();
    await polling.post('9x');
    await assertEnded(polling);
  });

  test('an empty payload', async () => {
    const polling = await openPolling();
    await polling.post('');
    await assertEnded(polling);
  });

  test('a binary payload', async () => {
    const polling = await openPolling();
    const answer = await polling.postRaw(Buffer.from([0, 1, 255, 52]),
      { 'Content-Type': 'application/octet-stream' });
    assert.equal(answer.status, 400);
    await assertEnded(polling);
  });

  test('the client saying goodbye; its pending poll is answered', async () => {
    const polling = await openPolling();
    const { answer: pending } = await arrived(polling.url);
    const answer = await polling.post('1');
    assert.equal(answer.body, 'ok');
    const { status, body } = await within('the answer to the poll', pending);
    assert.equal(status, 200);
    assert.ok(['6', '1'].includes(body), body);
    await assertEnded(polling);
  });

  test('a heartbeat that is not answered', async () => {
    const began = Date.now();
    const polling = await openPolling(hasty);
    assert.deepEqual(await polling.poll(), ['2']);
    const late = await polling.pollRaw();
    assert.ok(late.status === 400 || late.body === '1', `${late.status} ${late.body}`);
    assertLived(began);
    await assertEnded(polling);
  });
});

test('a payload over the limit is refused with 413', async () => {
  const polling = await openPolling();
  const answer = await polling.postRaw(`4${'x'.repeat(MAX_PAYLOAD)}`);
  assert.equal(answer.status, 413);
});

describe('messages over WebSocket', () => {
  test('text comes back as text', async () => {
    const raw = await openedWebSocket();
    for (const text of ['hello', '', '€ 日本 😀', 'x'.repeat(90_000)]) {
      raw.send(`4${text}`);
      assert.equal(await raw.nextFor('4'), `4${text}`);
    }
    raw.close();
  });

  test('binary comes back as binary, without a type', async () => {
    const raw = await openedWebSocket();
    for (const bytes of [[1, 2, 3, 4], [0], [52, 52], [255, 0, 128]]) {
      raw.send(Buffer.from(bytes));
      const message = await raw.next();
      assert.ok(Buffer.isBuffer(message));
      assert.deepEqual([...message], bytes);
    }
    raw.close();
  });

  test('1000 messages keep their order', async () => {
    const raw = await openedWebSocket();
    for (let i = 0; i < 1000; i++) raw.send(`4${i}`);
    for (let i = 0; i < 1000; i++) assert.equal(await raw.nextFor('4'), `4${i}`);
    raw.close();
  });

  test('a message in several frames is one message', async () => {
    const raw = await openedWebSocket();
    raw.socket.send('4hel', { fin: false });
    raw.socket.send('lo ', { fin: false });
    raw.socket.send('world', { fin: true });
    assert.equal(await raw.nextFor('4'), '4hello world');
    raw.close();
  });
});

describe('what ends a WebSocket session', () => {
  const endings = [
    ['an empty message', (raw) => raw.send('')],
    ['a packet of an unknown type', (raw) => raw.send('abc')],
    ['a heartbeat in the wrong direction', (raw) => raw.send('2')],
    ['a probe without a polling session', (raw) => raw.send('2probe')],
    ['a message over the limit', (raw) => raw.send(`4${'x'.repeat(MAX_PAYLOAD)}`)],
  ];
  for (const [name, act] of endings) {
    test(name, async () => {
      const raw = await openedWebSocket();
      act(raw);
      await within('the end', raw.closed); // before there is a heartbeat
    });
  }

  test('a heartbeat that is not answered', async () => {
    const began = Date.now();
    const raw = await openedWebSocket(hasty);
    assert.equal(await raw.next(), '2');
    await within('the end', raw.closed);
    assertLived(began);
  });
});

describe('heartbeats', { concurrency: true }, () => {
  const longerThanALife = () => {
    const end = Date.now() + 1.5 * lifeOf(OFTEN);
    return () => Date.now() < end;
  };

  test('keep a WebSocket session alive', async () => {
    const raw = await openedWebSocket(hasty);
    for (const goesOn = longerThanALife(); goesOn();) {
      assert.equal(await raw.next(), '2');
      raw.send('3');
    }
    raw.send('4still here');
    assert.equal(await raw.nextFor('4'), '4still here');
    raw.close();
  });

  test('keep a polling session alive', async () => {
    const polling = await openPolling(hasty);
    for (const goesOn = longerThanALife(); goesOn();) {
      assert.deepEqual(await polling.poll(), ['2']);
      await polling.post('3');
    }
  });
});

// The first message must not overtake the news that the connection is open.
test('a client that begins to listen when its WebSocket is open hears the handshake', async () => {
  const socket = new WebSocket(`${url.replace('http', 'ws')}${PATH}?EIO=4&transport=websocket`);
  await within('the open WebSocket', once(socket, 'open'));
  const [first] = await within('the handshake', once(socket, 'message'));
  assert.match(first.toString(), /^0\{"sid"/);
  socket.close();
});

test('a WebSocket that breaks off ends its session, the others go on', async () => {
  const gone = await openedWebSocket();
  const stays = await openedWebSocket();
  gone.close();
  stays.send('4still here');
  assert.equal(await stays.nextFor('4'), '4still here');
  stays.close();
});
