// Files of keys that change while clients are connected, as an operator or Kubernetes changes them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import jwt from 'jsonwebtoken';
import { client, connect } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { nowSeconds, token } from './support/tokens.mjs';
import { until } from './support/wait.mjs';

const dir = await mkdtemp(join(tmpdir(), 'keys-'));
after(() => rm(dir, { recursive: true, force: true }));

const at = (name) => join(dir, name);

// As tools that care do it: the path has the old text or the new one at any moment.
async function put(name, text) {
  await writeFile(at(`${name}.new`), text);
  await rename(at(`${name}.new`), at(name));
}

const secret = (n) => `secret-number-${n}-0123456789abcdef0123456789`;
const pairs = {};
const pairOf = (kid) => {
  pairs[kid] ??= generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return pairs[kid];
};
const pem = (kid) => createPublicKey(pairOf(kid).privateKey).export({ type: 'spki', format: 'pem' });
const keySet = (...kids) => JSON.stringify({ keys: kids.map((kid) =>
  ({ ...createPublicKey(pem(kid)).export({ format: 'jwk' }), kid, use: 'sig' })) });
const signed = (kid, id = 'u1') => jwt.sign({ id, exp: nowSeconds() + 3600 },
  pairOf(kid).privateKey, { algorithm: 'ES256', keyid: kid });

await put('secret', `${secret(1)}\n`);
await put('previous', secret(0));
await put('public.pem', pem('p1'));
await mkdir(at('mount'));

// A secret or a config map of Kubernetes: the file is a link through `..data`, which is turned.
async function mount(version, text) {
  await mkdir(at(`mount/..${version}`));
  await writeFile(at(`mount/..${version}/jwks.json`), text);
  await symlink(`..${version}`, at('mount/..data_tmp'));
  await rename(at('mount/..data_tmp'), at('mount/..data'));
}
await mount('v1', keySet('a', 'b'));
await symlink('..data/jwks.json', at('mount/jwks.json'));

const made = await gateway({ env: { JWT_SECRET: undefined, JWT_SECRET_FILE: at('secret'),
  JWT_SECRET_PREVIOUS_FILE: at('previous') } });
const secrets = made.edge;
const mounted = await made.addEdge({ JWT_ALGORITHMS: 'HS256,ES256',
  JWT_JWKS_FILE: at('mount/jwks.json') });
const single = await made.addEdge({ JWT_ALGORITHMS: 'ES256', JWT_PUBLIC_KEY_FILE: at('public.pem') });
await made.ready();

const enter = (t, edge, value) => connect(t, edge, { auth: { token: value } });
const refusal = (t, edge, value) => client(t, edge, { auth: { token: value } }).refusal();
const INVALID = 'Authentication error: invalid signature';
const reloads = (edge, result) => edge.metric(`ws_edge_reloads_total{result="${result}"}`);

// Does something after which the edge has new keys, or has refused them.
async function reloaded(edge, result, act) {
  const before = await reloads(edge, result);
  await act();
  await until(`a reload: ${result}`, async () => await reloads(edge, result) > before);
}

async function assertEnded(one) {
  await one.next('token_expired');
  await until('the end of the transport', () => one.disconnects.length > 0);
  assert.deepEqual(one.disconnects, ['transport close']);
}

async function assertUntouched(one) {
  await one.ack('join_room', { roomType: 'conversation', roomId: 'c1' });
  assert.deepEqual(one.disconnects, []);
  assert.deepEqual(one.all('token_expired'), []);
}

describe('a secret', () => {
  test('goes to the previous one first, and its clients stay; then they end', async (t) => {
    const old = await enter(t, secrets, token({ id: 'u1' }, { secret: secret(1) }));
    await reloaded(secrets, 'done', async () => {
      await put('previous', secret(1));
      await put('secret', secret(2));
    });
    const fresh = await enter(t, secrets, token({ id: 'u1' }, { secret: secret(2) }));
    const late = await enter(t, secrets, token({ id: 'u1' }, { secret: secret(1) }));
    await assertUntouched(old);
    assert.equal(await refusal(t, secrets, token({ id: 'u1' }, { secret: secret(0) })), INVALID);

    const withdrawn = await secrets.metric('ws_edge_tokens_withdrawn_total');
    await reloaded(secrets, 'done', () => put('previous', secret(0)));
    await assertEnded(old);
    await assertEnded(late);
    await assertUntouched(fresh);
    assert.equal(await secrets.metric('ws_edge_tokens_withdrawn_total'), withdrawn + 2);
    assert.equal(await refusal(t, secrets, token({ id: 'u1' }, { secret: secret(1) })), INVALID);
  });

  test('the official client comes back recovered with a token of the new one', async (t) => {
    let newest = 2;
    const made = client(t, secrets, { reconnection: true, reconnectionDelay: 50,
      auth: (give) => give({ token: token({ id: 'u2' }, { secret: secret(newest) }) }) });
    const first = await made.next('connected');
    await made.join('conversation', 'c2');
    newest = 3;
    await put('secret', secret(3));
    await made.next('token_expired');
    const second = await made.next('connected');
    assert.equal(second.socketId, first.socketId);
    assert.equal(made.socket.recovered, true);
  });
});

describe('a key set in a mount of Kubernetes', () => {
  test('its link is turned: the clients of the key that is gone end, no others', async (t) => {
    const [a, b, hs] = await Promise.all([signed('a'), signed('b'),
      token({ id: 'u1' }, { secret: secret(3) })].map((value) => enter(t, mounted, value)));
    await reloaded(mounted, 'done', () => mount('v2', keySet('b', 'c')));
    await assertEnded(a);
    await assertUntouched(b);
    await assertUntouched(hs);
    await enter(t, mounted, signed('c'));
    assert.equal(await refusal(t, mounted, signed('a')), INVALID);
  });

  test('a wrong one is refused whole, and taken when it is right', async (t) => {
    const b = await enter(t, mounted, signed('b'));
    await reloaded(mounted, 'refused', () => mount('v3', keySet('d').slice(0, -1)));
    await mounted.logs(/refused what was read again.*what=keys .*JWT_JWKS_FILE .*jwks\.json/);
    assert.equal(await refusal(t, mounted, signed('d')), INVALID);
    await assertUntouched(b);
    await reloaded(mounted, 'done', () => mount('v4', keySet('b', 'd')));
    await enter(t, mounted, signed('d'));
    await assertUntouched(b);
  });
});

describe('what stands where a public key was', () => {
  const big = () => writeFile(at('public.pem'), pem('p1') + ' '.repeat(100_000));
  const kinds = [
    ['nothing', async () => {}, /cannot be read: No such file/],
    ['a folder', () => mkdir(at('public.pem')), /cannot be read: Is a directory/],
    ['a named pipe', () => execFileSync('mkfifo', [at('public.pem')]), /is a named pipe/],
    ['zeros without end', () => symlink('/dev/zero', at('public.pem')), /has more than 64 KB/],
    ['a link to itself', () => symlink('public.pem', at('public.pem')), /Too many levels/],
    ['a large file', big, /has more than 64 KB/],
    ['an empty file', () => writeFile(at('public.pem'), ''), /holds no/],
    ['half a key', () => writeFile(at('public.pem'), pem('p1').slice(0, 90)), / is no public key/],
    ['a private key', () => writeFile(at('public.pem'),
      pairOf('p1').privateKey.export({ type: 'pkcs8', format: 'pem' })), /holds no/],
  ];
  for (const [name, make, reason] of kinds) {
    test(`${name} is refused, and the key stays`, async (t) => {
      const one = await enter(t, single, signed('p1'));
      const before = single.lines.length;
      await reloaded(single, 'refused', async () => {
        await rm(at('public.pem'), { recursive: true });
        await make();
        single.child.signal('SIGHUP');
      });
      await until(`${reason} in the log`, () =>
        single.lines.slice(before).some((line) => reason.test(line)));
      await assertUntouched(one);
      await enter(t, single, signed('p1', 'u2'));
      await rm(at('public.pem'), { recursive: true, force: true });
      await put('public.pem', pem('p1'));
    });
  }

  test('another key is the key, at SIGHUP at once', async (t) => {
    const one = await enter(t, single, signed('p1'));
    await put('public.pem', pem('p2'));
    single.child.signal('SIGHUP');
    await assertEnded(one);
    await enter(t, single, signed('p2'));
  });
});

test('a hundred SIGHUPs, and an edge that is awake', async (t) => {
  const one = await enter(t, secrets, token({ id: 'u1' }, { secret: secret(3) }));
  const before = await reloads(secrets, 'done');
  for (let i = 0; i < 100; i++) secrets.child.signal('SIGHUP');
  await until('a reload', async () => await reloads(secrets, 'done') > before);
  await assertUntouched(one);
  assert.ok(secrets.child.running);
});
