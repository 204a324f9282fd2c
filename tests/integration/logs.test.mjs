// What operators find in the logs, and what must never stand there.
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { client, connect } from './support/clients.mjs';
import { joinedWebSocket, pollingUrl, RawWebSocket } from './support/engineio.mjs';
import { gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';
import { SECRET, token } from './support/tokens.mjs';
import { until } from './support/wait.mjs';

const made = await gateway({ env: { LOG_LEVEL: 'debug' } });
const { edge, relay, services } = made;

const fileOf = (process, name) => readFile(join(process.dir, 'logs', name), 'utf8');

function assertLine(line) {
  const entry = JSON.parse(line);
  assert.deepEqual(Object.keys(entry), ['timestamp', 'level', 'service', 'module', 'message']);
  assert.match(entry.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.match(entry.level, /^(error|warn|info|http|debug)$/);
  for (const key of ['service', 'module', 'message']) assert.ok(entry[key].length > 0);
  return entry;
}

for (const process of [edge, relay]) {
  describe(process.program, () => {
    test('writes JSON lines to the console and to LOG_DIR/all.log', async () => {
      await process.logs(/./);
      const { lines } = process;
      lines.forEach(assertLine);
      assert.equal(process.child.stderr, '');
      const all = await fileOf(process, 'all.log');
      all.trimEnd().split('\n').forEach(assertLine);
      assert.ok(all.startsWith(lines[0]), 'the file begins where the console begins');
    });

    test('keeps errors apart in LOG_DIR/error.log', async () => {
      for (const line of (await fileOf(process, 'error.log')).split('\n').filter(Boolean)) {
        assert.equal(assertLine(line).level, 'error');
      }
      assert.deepEqual((await readdir(join(process.dir, 'logs'))).sort(),
        ['all.log', 'error.log']);
    });
  });
}

test('the edge calls itself by the name of the service', async () => {
  await edge.logs(/./);
  assert.equal(edge.logLines()[0].service, 'websocket-gateway');
});

describe('LOG_DIR= is the console only, and SIGHUP is no reason to stop', () => {
  for (const kind of ['addEdge', 'addRelay']) {
    test(kind, async () => {
      const process = await made[kind]({ LOG_DIR: '' });
      if (kind === 'addEdge') await process.ready();
      await until('lines', () => process.logLines().length > 1);
      assert.deepEqual(await readdir(process.dir), []);
      process.child.signal('SIGHUP');
      await new Promise((resolve) => { setTimeout(resolve, 300); });
      assert.ok(process.child.running);
      await process.stop();
    });
  }
});

describe('lines that strangers cause', () => {
  const lines = (phrase) => edge.logLines().filter(({ message }) => message.startsWith(phrase));

  test('a refused token: address and reason', async (t) => {
    await client(t, edge, { auth: { token: token({ id: 'u1' }, { expiresIn: -5 }) } }).refusal();
    const [line] = await until('the line', () => lines('refusing a token').length > 0
      && lines('refusing a token'));
    assert.equal(line.level, 'info');
    assert.match(line.message, /reason="jwt expired" address=127\.0\.0\.1 left_out=0$/);
  });

  test('a foreign origin: address and what was compared', async () => {
    const headers = { Origin: 'https://other.example', Host: 'own.example' };
    assert.equal((await request(pollingUrl(edge.url), { headers })).status, 403);
    const [line] = await until('the line', () => lines('refusing a foreign origin').length > 0
      && lines('refusing a foreign origin'));
    assert.equal(line.level, 'info');
    assert.match(line.message, / origin=https:\/\/other\.example host_header=own\.example /);
    assert.match(line.message, / reason=".*" address=127\.0\.0\.1 left_out=0$/);
  });

  // Of each kind from one address, whatever it sends.
  const kinds = [
    ['closing client', async () => {
      const socket = await RawWebSocket.open(edge.url);
      socket.send('4rubbish');
      await socket.closed;
    }],
    ['refusing a token', async () => {
      const socket = await RawWebSocket.open(edge.url);
      socket.send('40{"token":"rubbish"}');
      await socket.nextFor('44');
      socket.close();
    }],
    ['refusing a foreign origin', () => request(pollingUrl(edge.url),
      { headers: { Origin: 'https://other.example' } })],
  ];
  for (const [phrase, sin] of kinds) {
    test(`a flood leaves few: ${phrase}`, async () => {
      const before = await edge.metric('ws_edge_log_lines_left_out_total');
      for (let i = 0; i < 60; i++) await sin();
      await until('the counter', async () =>
        await edge.metric('ws_edge_log_lines_left_out_total') - before >= 49);
      await until('nine lines', () => lines(phrase).length >= 9);
      assert.ok(lines(phrase).length <= 11, `${lines(phrase).length} lines`);
    });
  }
});

test('neither tokens nor the secret are logged, at any level', async (t) => {
  const good = token({ id: 'u1' });
  const bad = token({ id: 'u2' }, { secret: 'another' });
  const viaHeader = token({ id: 'u3' });
  const refreshed = token({ id: 'u1', fresh: true });
  const inQuery = token({ id: 'u4' });
  const first = await connect(t, edge, { auth: { token: good } });
  await client(t, edge, { auth: { token: bad } }).refusal();
  await connect(t, edge, { extraHeaders: { Authorization: `Bearer ${viaHeader}` } });
  await client(t, edge, { transports: ['polling'], query: { token: inQuery } }).refusal();
  await first.ack('refresh_token', { token: refreshed });
  first.socket.emit('no_such_event', good);
  await first.ack('join_room', {});
  const log = edge.log + await fileOf(edge, 'all.log');
  for (const secret of [good, bad, viaHeader, refreshed, inQuery, SECRET]) {
    // The signature is what nobody must have.
    assert.ok(!log.includes(secret.split('.').at(-1)), 'a token or its signature stands there');
  }
});

test('what peers send cannot forge a line', async (t) => {
  const evil = token({ id: 'evil\n{"level":"error"}' });
  await client(t, edge, { auth: { token: evil } }).refusal();
  const raw = await joinedWebSocket(edge.url, token({ id: 'u1', role: '\n{"level":"error"}' }));
  raw.send('42["evil\\n{\\"level\\":\\"error\\"}\\u001b[31m",{}]');
  raw.send('421["join_room",{"roomType":"x\\n{\\"level\\":\\"error\\"}","roomId":"a"}]');
  await raw.nextFor('431');
  raw.close();
  await services.publish('message.sent', 'x\n{"level":"error"}');
  await services.deadLetter();
  for (const process of [edge, relay]) {
    process.lines.forEach(assertLine);
    assert.doesNotMatch(process.child.stdout, /\x1b/);
  }
});

test('at info neither payloads nor single messages are logged', async (t) => {
  const quiet = await made.addEdge({ LOG_LEVEL: 'info' });
  await quiet.ready();
  const member = await connect(t, quiet, { userId: 'u1' });
  await member.join('conversation', 'c1');
  const before = quiet.logLines().length;
  for (let i = 0; i < 50; i++) {
    await services.publish('message.sent', { conversationId: 'c1', message: 'strictly private' });
  }
  for (let i = 0; i < 50; i++) await member.next('new_message');
  assert.doesNotMatch(quiet.log, /strictly private/);
  assert.ok(quiet.logLines().length - before < 10, 'there is a line for each message');
  assert.ok(quiet.logLines().every(({ level }) => ['error', 'warn', 'info'].includes(level)));
});

test('LOG_FORMAT=text is for people', async () => {
  const plain = await made.addEdge({ LOG_FORMAT: 'text' });
  await plain.ready();
  await until('a line', () => /^\d{4}-\d\d-\d\dT[\d:.]+Z INFO \w+: /m.test(plain.log));
});
