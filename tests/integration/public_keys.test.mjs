// Tokens that are signed with a private key: RS256 and ES256.
import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import jwt from 'jsonwebtoken';
import { client } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { SECRET, nowSeconds, rawToken, token, unsignedToken } from './support/tokens.mjs';

const dir = await mkdtemp(join(tmpdir(), 'keys-'));
after(() => rm(dir, { recursive: true, force: true }));

const pair = { RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }) };
const keys = { RS256: pair.RS256(), ES256: pair.ES256() };
const strangers = { RS256: pair.RS256(), ES256: pair.ES256() };

const pem = (key) => key.publicKey.export({ type: 'spki', format: 'pem' });

async function file(name, text) {
  const path = join(dir, name);
  await writeFile(path, text);
  return path;
}

const made = await gateway();
const edges = {};
for (const algorithm of ['RS256', 'ES256']) {
  edges[algorithm] = await made.addEdge({
    JWT_ALGORITHMS: algorithm,
    JWT_PUBLIC_KEY_FILE: await file(`${algorithm}.pem`, pem(keys[algorithm])),
  });
}
const jwk = (algorithm, kid, pairs = keys) => ({
  ...createPublicKey(pem(pairs[algorithm])).export({ format: 'jwk' }),
  kid,
  alg: algorithm,
  use: 'sig',
});
const both = await made.addEdge({
  JWT_ALGORITHMS: 'HS256,RS256,ES256',
  JWT_JWKS_FILE: await file('jwks.json',
    JSON.stringify({ keys: [jwk('RS256', 'r1'), jwk('ES256', 'e1')] })),
});
const nameless = await made.addEdge({
  JWT_ALGORITHMS: 'RS256,ES256',
  JWT_JWKS_FILE: await file('nameless.json', JSON.stringify({ keys: [keys, strangers].flatMap(
    (pairs) => ['RS256', 'ES256'].map((algorithm) => jwk(algorithm, undefined, pairs))) })),
});
await made.ready();

const claims = () => ({ id: 'u1', exp: nowSeconds() + 3600 });
const signed = (algorithm, pairs = keys, options = {}) =>
  jwt.sign(claims(), pairs[algorithm].privateKey, { algorithm, ...options });

async function letIn(t, edge, value) {
  const one = client(t, edge, { auth: { token: value } });
  await one.connected();
  assert.equal((await one.next('connected')).userId, 'u1');
}

const refused = (t, edge, value) => client(t, edge, { auth: { token: value } }).refusal();

for (const algorithm of ['RS256', 'ES256']) {
  describe(`JWT_ALGORITHMS=${algorithm}`, () => {
    const edge = edges[algorithm];
    const other = algorithm === 'RS256' ? 'ES256' : 'RS256';

    test('a token of the key is let in', (t) => letIn(t, edge, signed(algorithm)));

    test('a token of a stranger is refused', async (t) => {
      assert.equal(await refused(t, edge, signed(algorithm, strangers)),
        'Authentication error: invalid signature');
    });

    test('HS256 is not accepted, not even with the right secret', async (t) => {
      assert.equal(await refused(t, edge, token({ id: 'u1' }, { secret: SECRET })),
        'Authentication error: invalid algorithm');
    });

    test('the public key is no secret for HS256', async (t) => {
      const forged = rawToken({ alg: 'HS256', typ: 'JWT' }, claims(), pem(keys[algorithm]));
      assert.equal(await refused(t, edge, forged), 'Authentication error: invalid algorithm');
    });

    test('the other algorithm is not accepted', async (t) => {
      assert.equal(await refused(t, edge, signed(other)),
        'Authentication error: invalid algorithm');
    });

    test('none is never accepted', async (t) => {
      assert.match(await refused(t, edge, unsignedToken(claims())), /^Authentication error: /);
    });

    test('an expired one is refused as such', async (t) => {
      const late = jwt.sign({ id: 'u1', exp: nowSeconds() - 5 }, keys[algorithm].privateKey,
        { algorithm });
      assert.equal(await refused(t, edge, late), 'Authentication error: jwt expired');
    });
  });
}

describe('a key set, and all three algorithms', () => {
  for (const [algorithm, kid] of [['RS256', 'r1'], ['ES256', 'e1']]) {
    test(`${algorithm} with the id of its key`, (t) =>
      letIn(t, both, signed(algorithm, keys, { keyid: kid })));

    test(`${algorithm} of a stranger with that id`, async (t) => {
      assert.equal(await refused(t, both, signed(algorithm, strangers, { keyid: kid })),
        'Authentication error: invalid signature');
    });

    test(`${algorithm} of a stranger with the id of an unknown key`, async (t) => {
      const stranger = signed(algorithm, strangers, { keyid: '../../etc/passwd' });
      assert.equal(await refused(t, both, stranger), 'Authentication error: invalid signature');
    });
  }

  test('HS256 with the secret', (t) => letIn(t, both, token({ id: 'u1' })));

  test('HS256 with the public key for a secret', async (t) => {
    const forged = rawToken({ alg: 'HS256', typ: 'JWT', kid: 'r1' }, claims(), pem(keys.RS256));
    assert.equal(await refused(t, both, forged), 'Authentication error: invalid signature');
  });
});

describe('a key set', () => {
  for (const [algorithm, kid] of [['RS256', 'e1'], ['RS256', 'x'], ['ES256', 'r1'], ['ES256', 'x']]) {
    test(`${algorithm} of the right key, which is named ${kid}`, async (t) => {
      assert.equal(await refused(t, both, signed(algorithm, keys, { keyid: kid })),
        'Authentication error: invalid signature');
    });
  }

  test('a token without an id is tried with all keys', async (t) => {
    for (const algorithm of ['RS256', 'ES256']) await letIn(t, both, signed(algorithm));
  });

  test('keys without an id are all tried', async (t) => {
    for (const options of [{}, { keyid: 'some' }]) {
      for (const [algorithm, pairs] of [['RS256', keys], ['RS256', strangers], ['ES256', keys],
        ['ES256', strangers]]) {
        await letIn(t, nameless, signed(algorithm, pairs, options));
      }
      const others = { RS256: pair.RS256() };
      assert.equal(await refused(t, nameless, signed('RS256', others, options)),
        'Authentication error: invalid signature');
    }
  });
});
