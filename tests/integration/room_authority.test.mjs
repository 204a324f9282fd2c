// ROOM_AUTHORIZATION=service against services that answer badly, not at all, or under a wrong name.
// Nobody joins but by a good answer, and the edge goes on.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { after, describe, test } from 'node:test';
import { connect, newConversation } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { freePort } from './support/ports.mjs';
import { RoomService } from './support/room_service.mjs';
import { until } from './support/wait.mjs';

const TIMEOUT_MS = 1000;
const UNAVAILABLE = { error: 'Authorization unavailable' };

const service = await RoomService.start();
const dir = await mkdtemp(joinPath(tmpdir(), 'authority-'));
after(async () => {
  await service.close();
  await rm(dir, { recursive: true, force: true });
});

const deadProxy = `http://127.0.0.1:${await freePort()}`;
const made = await gateway({
  env: {
    ROOM_AUTHORIZATION: 'service',
    ROOM_AUTHORIZATION_TIMEOUT: String(TIMEOUT_MS),
    MESSAGE_SERVICE_URL: service.url,
    NOTIFICATION_SERVICE_URL: service.url,
    // What libcurl would take from its environment.
    http_proxy: deadProxy,
    https_proxy: deadProxy,
    all_proxy: deadProxy,
    HTTP_PROXY: deadProxy,
    ALL_PROXY: deadProxy,
  },
});
const { edge } = made;

async function edgeFor(url, env = {}) {
  const other = await made.addEdge({ MESSAGE_SERVICE_URL: url, ...env });
  await other.ready();
  return other;
}

async function joinAt(t, on, room = newConversation()) {
  const who = await connect(t, on, { userId: 'u1' });
  return who.ack('join_room', room.which);
}

// What the edge says first about a service.
const told = (on) => until('a line about the service', () =>
  on.logLines().find(({ module }) => module === 'rooms'));

const isJoined = (answer) => assert.equal(answer.success, true, JSON.stringify(answer));

// The bytes of an answer, head and all. With `stay` the connection is left open behind them.
const bytes = (text, stay) => (req, res) => {
  if (stay) res.socket.write(text);
  else res.socket.end(text);
};

const HEAD = 'HTTP/1.1 200 OK\r\n';

// Writes for as long as somebody reads, and counts.
const flood = (head, piece, told) => (req, res) => {
  const { socket } = res;
  const write = () => {
    while (!socket.destroyed && socket.write(piece)) told.bytes += piece.length;
  };
  socket.on('error', () => {});
  socket.on('drain', write);
  socket.write(head);
  write();
};

describe('answers that are none', () => {
  const cases = [
    ['garbage', bytes('\x00\x01\x02 garbage \r\n\r\n')],
    ['a line that is nearly HTTP', bytes('HTTP/1.1 OK\r\n\r\n')],
    ['HTTP/0.9: a body alone', bytes('<html>yes</html>')],
    ['another protocol', bytes('SSH-2.0-OpenSSH_9.2\r\n')],
    ['nothing, and the connection is closed', bytes('')],
    ['the connection is broken off', (req, res) => res.socket.resetAndDestroy()],
    ['half a head', bytes('HTTP/1.1 200 OK\r\nContent-Le')],
    ['half a head, and then nothing', bytes('HTTP/1.1 200 OK\r\nContent-Le', true)],
    ['a body that is shorter than said', bytes(`${HEAD}Content-Length: 10\r\n\r\nhalf`)],
    ['a body that never comes to its end', bytes(`${HEAD}Content-Length: 10\r\n\r\nhalf`, true)],
    ['chunks that are none', bytes(`${HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n`)],
    ['a length that is none', bytes(`${HEAD}Content-Length: many\r\n\r\n`)],
    ['only an interim answer', bytes('HTTP/1.1 103 Early Hints\r\n\r\n')],
    ['a change of the protocol', bytes('HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n')],
    ['a status of four digits', bytes('HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n')],
    ['the status 0', bytes('HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n')],
    ['nothing at all', () => {}],
  ];
  for (const [what, rule] of cases) {
    test(what, async (t) => {
      const room = newConversation();
      service.say(room.id, rule);
      assert.deepEqual(await joinAt(t, edge, room), UNAVAILABLE);
      isJoined(await joinAt(t, edge)); // the next one is asked as if nothing had been
    });
  }

  test('a head without an end', async (t) => {
    const room = newConversation();
    const told = { bytes: 0 };
    service.say(room.id, flood(HEAD, `X-Filler: ${'x'.repeat(1000)}\r\n`, told));
    assert.deepEqual(await joinAt(t, edge, room), UNAVAILABLE);
    await until('the edge to hang up', () => service.asked(room.id)[0].over);
    isJoined(await joinAt(t, edge));
  });

  test('interim answers without an end', async (t) => {
    const room = newConversation();
    service.say(room.id, flood('', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(100), { bytes: 0 }));
    assert.deepEqual(await joinAt(t, edge, room), UNAVAILABLE);
    isJoined(await joinAt(t, edge));
  });
});

describe('answers that are good, if strange', () => {
  const cases = [
    ['HTTP/1.0', bytes('HTTP/1.0 200 OK\r\n\r\nyes')],
    ['a body until the connection is closed', bytes(`${HEAD}\r\nyes`)],
    ['chunks', bytes(`${HEAD}Transfer-Encoding: chunked\r\n\r\n3\r\nyes\r\n0\r\n\r\n`)],
    ['an interim answer before', bytes(`HTTP/1.1 100 Continue\r\n\r\n${HEAD}Content-Length: 0\r\n\r\n`)],
    ['a body said to be compressed', bytes(`${HEAD}Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nno!`)],
    ['two lengths', bytes(`${HEAD}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`)],
    ['a cookie', bytes(`${HEAD}Set-Cookie: a=b\r\nContent-Length: 0\r\n\r\n`)],
    ['something behind the end', bytes(`${HEAD}Content-Length: 0\r\n\r\nHTTP/1.1 403 Forbidden\r\n\r\n`)],
  ];
  for (const [what, rule] of cases) {
    test(what, async (t) => {
      const room = newConversation();
      service.say(room.id, rule);
      isJoined(await joinAt(t, edge, room));
      isJoined(await joinAt(t, edge));
    });
  }

  test('no cookie came back', () => {
    assert.deepEqual(service.requests.filter(({ headers }) => headers.cookie), []);
  });

  for (const [status, what] of [[200, 'joins'], [403, 'refuses']]) {
    test(`a body without an end: the status ${status} ${what}, the rest is not read`, async (t) => {
      const room = newConversation();
      const told = { bytes: 0 };
      service.say(room.id, flood(`HTTP/1.1 ${status} Well\r\n\r\n`, 'x'.repeat(10_000), told));
      const answer = await joinAt(t, edge, room);
      if (status === 200) isJoined(answer);
      else assert.deepEqual(answer, { error: 'Forbidden' });
      await until('the edge to hang up', () => service.asked(room.id)[0].over);
      assert.ok(told.bytes < 20_000_000, `${told.bytes} bytes`); // what the kernel's buffers hold
    });
  }
});

test('the time limit is one of the edge, whatever the service does meanwhile', async (t) => {
  const room = newConversation();
  service.say(room.id, (req, res) => { // a byte now and then
    res.writeHead(200);
    const timer = setInterval(() => res.write('x'), 100);
    res.on('close', () => clearInterval(timer));
  });
  const began = Date.now();
  assert.deepEqual(await joinAt(t, edge, room), UNAVAILABLE);
  assert.ok(Date.now() - began < TIMEOUT_MS + 3000);
});

describe('the address', () => {
  test('nothing listens there', async (t) => {
    const other = await edgeFor(`http://127.0.0.1:${await freePort()}`);
    assert.deepEqual(await joinAt(t, other), UNAVAILABLE);
    const { level, message } = await told(other);
    assert.equal(level, 'warn');
    assert.match(message, /service=messages reason="Failed to connect/);
  });

  test('its name cannot be looked up', async (t) => {
    const other = await edgeFor(`http://${'a'.repeat(64)}.example:4006`);
    assert.deepEqual(await joinAt(t, other), UNAVAILABLE);
    assert.deepEqual(await joinAt(t, other), UNAVAILABLE);
    await told(other);
    const lines = other.logLines().filter(({ module }) => module === 'rooms');
    assert.equal(lines.length, 1, 'one line for many failures');
    assert.match(lines[0].message, /reason="unknown node or service"/);
  });

  test('a name is looked up, and the service sees it', async (t) => {
    const room = newConversation();
    const other = await edgeFor(`http://localhost:${service.port}/base/`);
    isJoined(await joinAt(t, other, room));
    const [{ headers, path }] = service.asked(room.id);
    assert.equal(headers.host, `localhost:${service.port}`);
    assert.equal(path, `/base/api/conversations/${room.id}`);
  });

  test('many at once wait for one lookup', async (t) => {
    const other = await edgeFor(`http://localhost:${service.port}`);
    const who = await connect(t, other, { userId: 'u1' });
    const rooms = Array.from({ length: 50 }, newConversation);
    for (const answer of await Promise.all(rooms.map(({ which }) => who.ack('join_room', which)))) {
      isJoined(answer);
    }
  });
});

describe('https', () => {
  // A certificate for that name, which is its own authority.
  async function certificate(name) {
    const files = { key: joinPath(dir, `${name}.key`), cert: joinPath(dir, `${name}.pem`) };
    const made_ = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
      'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', `/CN=${name}`,
      '-addext', `subjectAltName=DNS:${name}`, '-keyout', files.key, '-out', files.cert]);
    assert.equal(made_.status, 0, String(made_.stderr));
    return { file: files.cert, key: await readFile(files.key), cert: await readFile(files.cert) };
  }

  async function serve(t, name) {
    const tls = await certificate(name);
    const secure = await RoomService.start({ tls });
    t.after(() => secure.close());
    return { secure, file: tls.file };
  }

  test('with a certificate of ROOM_AUTHORIZATION_CA_FILE', async (t) => {
    const { secure, file } = await serve(t, 'localhost');
    const other = await edgeFor(secure.url, { ROOM_AUTHORIZATION_CA_FILE: file });
    isJoined(await joinAt(t, other));
    isJoined(await joinAt(t, other));
    assert.equal(secure.connections, 1);
    assert.equal(secure.requests[0].version, '1.1');
  });

  test('a certificate that nobody vouches for', async (t) => {
    const { secure } = await serve(t, 'localhost');
    const other = await edgeFor(secure.url, { ROOM_AUTHORIZATION_TIMEOUT: '10000' });
    assert.deepEqual(await joinAt(t, other), UNAVAILABLE);
    assert.deepEqual(secure.requests, []);
    const { message } = await told(other);
    assert.match(message, /certificate/);
  });

  test('a certificate for another name', async (t) => {
    const { secure, file } = await serve(t, 'elsewhere.example');
    const other = await edgeFor(secure.url, { ROOM_AUTHORIZATION_CA_FILE: file });
    assert.deepEqual(await joinAt(t, other), UNAVAILABLE);
    assert.deepEqual(secure.requests, []);
  });

  test('plain HTTP where TLS is spoken, and the other way round', async (t) => {
    const { secure } = await serve(t, 'localhost');
    assert.deepEqual(await joinAt(t, await edgeFor(`http://localhost:${secure.port}`)), {
      error: 'Authorization unavailable' });
    assert.deepEqual(await joinAt(t, await edgeFor(`https://localhost:${service.port}`)), {
      error: 'Authorization unavailable' });
  });
});
