// Every algorithm with its keys: a key verifies what it is made for, and nothing else.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import jwt from 'jsonwebtoken';
import { run } from './support/child.mjs';
import { client } from './support/clients.mjs';
import { built, gateway } from './support/gateway.mjs';
import { SECRET, nowSeconds, rawToken } from './support/tokens.mjs';

const dir = await mkdtemp(join(tmpdir(), 'algorithms-'));
after(() => rm(dir, { recursive: true, force: true }));

let files = 0;
async function file(content) {
  files += 1;
  const path = join(dir, String(files));
  await writeFile(path, content);
  return path;
}

const rsa = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = (namedCurve) => generateKeyPairSync('ec', { namedCurve });
const pairs = { rsa: rsa(), p256: ec('P-256'), p384: ec('P-384'), p521: ec('P-521') };
const pem = ({ publicKey }) => publicKey.export({ type: 'spki', format: 'pem' });
const jwk = ({ publicKey }, more) => ({ ...publicKey.export({ format: 'jwk' }), ...more });
const set = (...keys) => file(JSON.stringify({ keys }));

const KEY_OF = { RS256: 'rsa', RS384: 'rsa', RS512: 'rsa', ES256: 'p256', ES384: 'p384',
  ES512: 'p521' };
const SECRET_OF = { HS256: SECRET, HS384: SECRET, HS512: SECRET };
const NAMES = [...Object.keys(SECRET_OF), ...Object.keys(KEY_OF)];

const sign = (algorithm, key = SECRET_OF[algorithm] ?? pairs[KEY_OF[algorithm]].privateKey,
  options = {}) =>
  jwt.sign({ id: 'u1', exp: nowSeconds() + 3600 }, key, { algorithm, ...options });

// libjwt learned PS in a later version.
const probe = await run(built('ws-edge'), ['--check-config'], { cwd: dir, env: {
  JWT_ALGORITHMS: 'PS256', JWT_PUBLIC_KEY_FILE: await file(pem(pairs.rsa)) } });
const PS = probe.code === 0 ? ['PS256', 'PS384', 'PS512'] : [];

const made = await gateway({ edges: 0 });
const all = await made.addEdge({
  JWT_ALGORITHMS: [...NAMES, ...PS].join(','),
  JWT_JWKS_FILE: await set(...Object.entries(pairs).map(([kid, pair]) => jwk(pair, { kid }))),
});
const restricted = await made.addEdge({
  JWT_ALGORITHMS: [...NAMES, ...PS].join(','),
  JWT_JWKS_FILE: await set(jwk(pairs.rsa, { kid: 'rsa', alg: 'RS384' }),
    jwk(pairs.p256, { kid: 'p256', key_ops: ['verify'] }),
    jwk(pairs.p384, { kid: 'p384', key_ops: ['sign'] }),
    jwk(pairs.p521, { kid: 'p521', use: 'enc' })),
});
const single = {};
for (const algorithm of NAMES) {
  const key = KEY_OF[algorithm]
    ? { JWT_PUBLIC_KEY_FILE: await file(pem(pairs[KEY_OF[algorithm]])) } : {};
  single[algorithm] = await made.addEdge({ JWT_ALGORITHMS: algorithm, ...key });
}
await made.ready();

function judged(t, edge, value) {
  return client(t, edge, { auth: { token: value } }).connected().then(() => 'let in',
    ({ message }) => message.replace('Authentication error: ', ''));
}

for (const algorithm of [...NAMES, ...PS]) {
  describe(algorithm, () => {
    const kid = KEY_OF[algorithm] ?? (SECRET_OF[algorithm] ? undefined : 'rsa');
    const key = SECRET_OF[algorithm] ?? pairs[kid].privateKey;

    test('with its key of a set', async (t) => {
      assert.equal(await judged(t, all, sign(algorithm, key)), 'let in');
      if (kid) {
        assert.equal(await judged(t, all, sign(algorithm, key, { keyid: kid })), 'let in');
      }
    });

    if (single[algorithm]) {
      test('with its key alone, which takes no other algorithm', async (t) => {
        for (const other of NAMES) {
          assert.equal(await judged(t, single[algorithm], sign(other)),
            other === algorithm ? 'let in' : 'invalid algorithm');
        }
      });
    }

    test('of a stranger', async (t) => {
      const strange = SECRET_OF[algorithm] ? 'another secret that is long enough for any of these'
        : { rsa, p256: () => ec('P-256'), p384: () => ec('P-384'), p521: () => ec('P-521') }[kid]()
          .privateKey;
      assert.equal(await judged(t, all, sign(algorithm, strange)), 'invalid signature');
    });
  });
}

test('no public key is a secret', async (t) => {
  for (const alg of Object.keys(SECRET_OF)) {
    for (const pair of Object.values(pairs)) {
      const forged = rawToken({ alg, typ: 'JWT' }, { id: 'u1' }, pem(pair));
      assert.equal(await judged(t, all, forged), 'invalid signature');
    }
  }
});

describe('a key of a set serves what it says', () => {
  const cases = [
    ['alg RS384 takes RS384', sign('RS384'), 'let in'],
    ['alg RS384 does not take RS256', sign('RS256'), 'invalid signature'],
    ['alg RS384 does not take RS512', sign('RS512', undefined, { keyid: 'rsa' }),
      'invalid signature'],
    ['alg RS384 does not take PS384', sign('PS384', pairs.rsa.privateKey),
      PS.length > 0 ? 'invalid signature' : 'invalid algorithm'],
    ['key_ops verify', sign('ES256'), 'let in'],
    ['key_ops without verify', sign('ES384'), 'invalid signature'],
    ['use enc', sign('ES512'), 'invalid signature'],
  ];
  for (const [name, value, expected] of cases) {
    test(name, async (t) => assert.equal(await judged(t, restricted, value), expected));
  }
});

describe('at the start', () => {
  const checked = async (env) => run(built('ws-edge'), ['--check-config'], { cwd: dir, env });

  test('what this libjwt cannot verify is named, with the way out', async () => {
    for (const name of ['PS256', 'PS384', 'PS512', 'EdDSA'].filter((one) => !PS.includes(one))) {
      const { code, stderr } = await checked({ JWT_ALGORITHMS: `HS256,${name}` });
      assert.equal(code, 1);
      assert.match(stderr, new RegExp(`JWT_ALGORITHMS names ${name}, .*libjwt.*Debian 13`));
    }
  });

  for (const name of ['none', 'ES256K', 'hs256', 'HS224', '']) {
    test(`"${name}" is no algorithm`, async () => {
      const { code, stderr } = await checked({ JWT_ALGORITHMS: `HS256,${name}` });
      assert.equal(code, 1);
      assert.match(stderr, /JWT_ALGORITHMS must be of HS256, .*ES512/);
    });
  }

  const misfits = [
    ['a P-384 key', 'ES256', () => pem(pairs.p384), /ES384 .*secp384r1, which JWT_ALGORITHMS does not accept/],
    ['a P-384 key', 'ES512', () => pem(pairs.p384), /ES384 .*secp384r1, which JWT_ALGORITHMS does not accept/],
    ['a P-521 key', 'RS512', () => pem(pairs.p521), /ES512 .*, which JWT_ALGORITHMS does not accept/],
    ['an RSA key', 'ES384', () => pem(pairs.rsa), /RS256, RS384, RS512.*JWT_ALGORITHMS/],
    ['a short RSA key', 'RS512', () => pem(generateKeyPairSync('rsa', { modulusLength: 1024 })),
      /1024 bits/],
  ];
  for (const [key, algorithm, content, fault] of misfits) {
    test(`${key} for ${algorithm}`, async () => {
      const { code, stderr } = await checked({ JWT_ALGORITHMS: algorithm,
        JWT_PUBLIC_KEY_FILE: await file(content()) });
      assert.equal(code, 1);
      assert.match(stderr, fault);
    });
  }

  test('a set whose keys are for other algorithms', async () => {
    const { code, stderr } = await checked({ JWT_ALGORITHMS: 'RS256,ES384',
      JWT_JWKS_FILE: await set(jwk(pairs.rsa, { alg: 'RS512' }), jwk(pairs.p256)) });
    assert.equal(code, 1);
    assert.match(stderr, /JWT_JWKS_FILE .*no key for JWT_ALGORITHMS=RS256,ES384/);
  });

  test('a key whose alg does not fit it is named', async () => {
    const { code, stderr } = await checked({ JWT_ALGORITHMS: 'ES256', JWT_JWKS_FILE:
      await set(jwk(pairs.p256), jwk(pairs.p384, { kid: 'misfit', alg: 'ES256' })) });
    assert.equal(code, 0);
    assert.match(stderr, /"misfit" cannot verify ES256/);
  });

  for (const [algorithms, bytes] of [['HS256', 32], ['HS384', 48], ['HS256,HS512', 64]]) {
    test(`${algorithms} want a secret of ${bytes} bytes in production`, async () => {
      const env = { NODE_ENV: 'production', ROOM_AUTHORIZATION: 'claims',
        JWT_ALGORITHMS: algorithms };
      const short = await checked({ ...env, JWT_SECRET: 'x'.repeat(bytes - 1) });
      assert.equal(short.code, 0);
      assert.match(short.stderr, new RegExp(`JWT_SECRET has ${bytes - 1} bytes; give it ${bytes}`));
      const right = await checked({ ...env, JWT_SECRET: 'x'.repeat(bytes) });
      assert.equal(right.code, 0);
      assert.doesNotMatch(right.stderr, /JWT_SECRET/);
    });
  }
});
