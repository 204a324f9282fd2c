// SIGHUP: what an edge and a relay read again while they run, and what they refuse.
import assert from 'node:assert/strict';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { connect } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { reload } from './support/reload.mjs';
import { SECRET, token } from './support/tokens.mjs';
import { until } from './support/wait.mjs';

const made = await gateway({ env: { JWT_SECRET: undefined } }); // it comes from `.env`
const { edge, relay } = made;
await made.addEdge({ LOG_LEVEL: 'info', JWT_SECRET: SECRET });
await made.ready();
const given = made.edges[1];

const dotenv = (process, text) => writeFile(join(process.dir, '.env'), text);

const has = (lines, pattern) => lines.some((line) => pattern.test(line));

for (const process of [edge, relay]) {
  describe(process.program, () => {
    test('LOG_LEVEL of .env, there and back', async () => {
      await dotenv(process, `JWT_SECRET=${SECRET}\nLOG_LEVEL=debug\n`);
      assert.ok(has(await reload(process), /the log level is another now level=debug"/));
      await dotenv(process, `JWT_SECRET=${SECRET}\n`);
      assert.ok(has(await reload(process), /the log level is another now level=info"/));
    });

    const wrong = [
      ['a level that there is not', 'LOG_LEVEL=loud\n', /what=.*log level.* reason=.*LOG_LEVEL must be/],
      ['a line that is no assignment', 'LOG_LEVEL=debug\nrubbish\n', /what=settings reason=.*\.env, line 2/],
    ];
    for (const [name, text, reason] of wrong) {
      test(`${name} is refused, and the level stays`, async () => {
        await dotenv(process, text + `JWT_SECRET=${SECRET}\n`);
        const lines = await reload(process, 'refused');
        assert.ok(has(lines, reason), lines.join('\n'));
        assert.ok(!has(lines, /another now/));
        await dotenv(process, `JWT_SECRET=${SECRET}\n`);
        await reload(process);
      });
    }

    test('log files that were moved away are opened anew', async () => {
      const at = (name) => join(process.dir, 'logs', name);
      await rename(at('all.log'), at('all.log-moved'));
      await reload(process);
      await until('a line in the new file', async () =>
        (await readFile(at('all.log'), 'utf8')).includes('"read again what may change"'));
      await rm(at('all.log-moved'));
    });
  });
}

describe('the secret in .env', () => {
  const enter = (t, secret) => connect(t, edge, { auth: { token: token({ id: 'u1' }, { secret }) } });
  const next = 'another-secret-of-the-tests-0123456789abcdef';

  test('is replaced, beside the previous one', async (t) => {
    await dotenv(edge, `JWT_SECRET=${SECRET}\n`);
    await reload(edge);
    const one = await enter(t, SECRET);
    await dotenv(edge, `JWT_SECRET=${next}\nJWT_SECRET_PREVIOUS=${SECRET}\n`);
    await reload(edge);
    await enter(t, next);
    await one.ack('join_room', { roomType: 'conversation', roomId: 'c1' });
    await dotenv(edge, `JWT_SECRET=${next}\n`);
    await reload(edge);
    await one.next('token_expired');
  });

  test('a previous one without a secret is refused, and both stay', async (t) => {
    await dotenv(edge, `JWT_SECRET_PREVIOUS=${SECRET}\n`);
    const lines = await reload(edge, 'refused');
    assert.ok(has(lines, /what=keys reason=.*JWT_SECRET_PREVIOUS must not be given without/));
    await enter(t, next);
    assert.doesNotMatch(lines.join('\n'), new RegExp(SECRET));
  });
});

test('what the environment says counts more than .env', async (t) => {
  await dotenv(given, 'LOG_LEVEL=debug\nJWT_SECRET=another-secret-0123456789abcdef012345\n');
  assert.ok(!has(await reload(given), /another now|keys were replaced/));
  await connect(t, given, { userId: 'u1' });
});

test('the relay keeps its queues when the routes are the same', async (t) => {
  const consuming = () => relay.lines.filter((line) => line.includes('consuming from')).length;
  const user = await connect(t, given, { auth: { token: token({ id: 'u9' }) } });
  await user.join('conversation', 'c9');
  const before = consuming();
  await reload(relay);
  await made.services.publish('message.sent', { conversationId: 'c9', message: 'x' });
  await user.next('new_message');
  assert.equal(consuming(), before);
});

test('SIGHUP while an edge drains does not keep it', async (t) => {
  const last = await made.addEdge({ DRAIN_SECONDS: '1', JWT_SECRET: SECRET });
  await last.ready();
  const one = await connect(t, last, { userId: 'u1' });
  last.child.signal('SIGTERM');
  await last.logs(/draining clients=1/);
  last.child.signal('SIGHUP');
  await until('the end of the client', () => one.disconnects.length > 0);
  assert.deepEqual(await last.child.exited, { code: 0, signal: null });
});

// The last test: how many reloads they are is not known.
for (const process of [given, relay]) {
  test(`a hundred signals at once do no harm to ${process.program}`, async () => {
    const done = () => process.metric(
      `${process.program.replace('-', '_')}_reloads_total{result="done"}`);
    const before = await done();
    for (let i = 0; i < 100; i++) process.child.signal('SIGHUP');
    await until('a reload', async () => await done() > before);
    await process.ready();
  });
}
