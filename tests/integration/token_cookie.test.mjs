// JWT_COOKIE: the token in a cookie, which counts only for pages that may use it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './support/child.mjs';
import { client, connect } from './support/clients.mjs';
import { built, gateway } from './support/gateway.mjs';
import { token } from './support/tokens.mjs';

const APP = 'https://app.example.com';
const made = await gateway({ edges: 0 });
const edge = await made.addEdge({ JWT_COOKIE: 'session', CORS_ORIGIN: `${APP},https://*.apps.example` });
const ownOnly = await made.addEdge({ JWT_COOKIE: 'session' });
const without = await made.addEdge({ CORS_ORIGIN: APP });
await made.ready();

const cookie = (id, name = 'session') => `${name}=${token({ id })}`;
const NO_TOKEN = 'Authentication error: No token provided';

async function welcome(t, to, extraHeaders, options = {}) {
  const one = client(t, to, { extraHeaders, ...options });
  await one.connected();
  return (await one.next('connected')).userId;
}

const refusal = (t, to, extraHeaders, options = {}) =>
  client(t, to, { extraHeaders, ...options }).refusal();

for (const transports of [['websocket'], ['polling'], ['polling', 'websocket']]) {
  describe(`over ${transports.join(' and ')}`, () => {
    const over = { transports };

    test('a listed origin', async (t) => {
      assert.equal(await welcome(t, edge, { Origin: APP, Cookie: cookie('u1') }, over), 'u1');
    });

    test('an origin that fits a pattern of the list', async (t) => {
      const Origin = 'https://a.apps.example';
      assert.equal(await welcome(t, edge, { Origin, Cookie: cookie('u1') }, over), 'u1');
    });

    test("the gateway's own origin", async (t) => {
      for (const to of [edge, ownOnly]) {
        assert.equal(await welcome(t, to, { Origin: to.url, Cookie: cookie('u1') }, over), 'u1');
      }
    });

    test('no origin: the cookie is not looked at', async (t) => {
      assert.equal(await refusal(t, edge, { Cookie: cookie('u1') }, over), NO_TOKEN);
    });

    test('no origin, but the browser says that the page is of the same', async (t) => {
      const site = (value) => ({ 'Sec-Fetch-Site': value, Cookie: cookie('u1') });
      assert.equal(await welcome(t, edge, site('same-origin'), over), 'u1');
      for (const value of ['same-site', 'cross-site', 'none']) {
        assert.equal(await refusal(t, edge, site(value), over), NO_TOKEN);
      }
    });

    test('a foreign origin is refused with and without it', async (t) => {
      for (const Origin of ['https://evil.example', 'https://app.example.com.evil.example', 'null']) {
        for (const to of [edge, ownOnly]) {
          const error = await new Promise((resolve) => {
            client(t, to, { extraHeaders: { Origin, Cookie: cookie('u1') }, ...over })
              .socket.on('connect_error', resolve);
          });
          assert.doesNotMatch(error.message, /Authentication/);
        }
      }
    });

    test('among other cookies, quoted, and the first of its name', async (t) => {
      const value = token({ id: 'u1' });
      const cookies = ['theme=dark', `Session=${token({ id: 'u3' })}`, `session="${value}"`,
        cookie('u2')];
      const Cookie = cookies.join('; ');
      assert.equal(await welcome(t, edge, { Origin: APP, Cookie }, over), 'u1');
    });

    test('a bad token is refused as such', async (t) => {
      const bad = token({ id: 'u1' }, { secret: 'another' });
      assert.equal(await refusal(t, edge, { Origin: APP, Cookie: `session=${bad}` }, over),
        'Authentication error: invalid signature');
      assert.equal(await refusal(t, edge, { Origin: APP, Cookie: 'session=' }, over), NO_TOKEN);
    });

    test('auth and header come first', async (t) => {
      const headers = { Origin: APP, Cookie: cookie('of-cookie') };
      const auth = { token: token({ id: 'of-auth' }) };
      const Authorization = `Bearer ${token({ id: 'of-header' })}`;
      assert.equal(await welcome(t, edge, headers, { ...over, auth }), 'of-auth');
      assert.equal(await welcome(t, edge, { ...headers, Authorization }, over), 'of-header');
      assert.equal(await refusal(t, edge, headers, { ...over, auth: { token: 'rubbish' } }),
        'Authentication error: jwt malformed');
    });

    test('without JWT_COOKIE no cookie is looked at', async (t) => {
      assert.equal(await refusal(t, without, { Origin: APP, Cookie: cookie('u1') }, over), NO_TOKEN);
    });
  });
}

test('the token of a cookie can be refreshed', async (t) => {
  const one = await connect(t, edge, { extraHeaders: { Origin: APP, Cookie: cookie('u1') } });
  assert.equal((await one.ack('refresh_token', { token: token({ id: 'u1' }) })).success, true);
});

describe('at the start', () => {
  const cases = [
    ['every origin', { JWT_COOKIE: 'session', CORS_ORIGIN: '*' }, /JWT_COOKIE must not be used with CORS_ORIGIN=\*/],
    ['every origin in a list', { JWT_COOKIE: 'session', CORS_ORIGIN: `${APP}, *` }, /CORS_ORIGIN=\*/],
    ['a name with a blank', { JWT_COOKIE: 'my session' }, /JWT_COOKIE must be the name/],
    ['a name and a value', { JWT_COOKIE: 'session=x' }, /JWT_COOKIE must be the name/],
    ['two names', { JWT_COOKIE: 'a,b' }, /JWT_COOKIE must be the name/],
    ['a pattern of origins', { JWT_COOKIE: '__Host-session', CORS_ORIGIN: 'https://*.apps.example' }, null],
    ['no name', { JWT_COOKIE: '', CORS_ORIGIN: '*' }, null],
  ];
  for (const [name, env, fault] of cases) {
    test(name, async () => {
      const cwd = await mkdtemp(join(tmpdir(), 'cookie-'));
      const { code, stderr } = await run(built('ws-edge'), ['--check-config'], { cwd, env });
      await rm(cwd, { recursive: true, force: true });
      assert.equal(code, fault ? 1 : 0, stderr);
      if (fault) assert.match(stderr, fault);
    });
  }
});
