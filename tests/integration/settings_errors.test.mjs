// A wrong setting stops the start, with one message that names every wrong variable.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { Authority } from './support/certificates.mjs';
import { run } from './support/child.mjs';
import { built } from './support/gateway.mjs';

const folders = [];
afterEach(async () => {
  for (const dir of folders.splice(0)) await rm(dir, { recursive: true, force: true });
});

// Starts the program in an empty folder, with `dotenv` as its .env.
async function start(program, env, { dotenv, args = [] } = {}) {
  const cwd = await mkdtemp(join(tmpdir(), 'settings-'));
  folders.push(cwd);
  if (dotenv !== undefined) await writeFile(join(cwd, '.env'), dotenv);
  return run(built(program), args, { cwd, env });
}

const checked = (program, env, options) =>
  start(program, env, { args: ['--check-config'], ...options });

test('an entry of CORS_ORIGIN that can never match is named', async () => {
  const wrong = ['app.example.com', 'https://app.example.com/app', 'https://a.com https://b.com',
    'https://*', 'http://localhost:*'];
  const { code, stderr } = await checked('ws-edge',
    { CORS_ORIGIN: ['https://right.example', ...wrong].join(',') });
  assert.equal(code, 1);
  for (const entry of wrong) assert.ok(stderr.includes(`CORS_ORIGIN holds "${entry}"`), stderr);
  assert.ok(!stderr.includes('right.example'), stderr);
  const right = await checked('ws-edge',
    { CORS_ORIGIN: 'https://right.example, https://*.below.example:8443 ,null,capacitor://localhost' });
  assert.equal(right.code, 0, right.stderr);
});

describe('keys that cannot do what they are for stop the start', () => {
  const publicKey = (type, options) => generateKeyPairSync(type, options).publicKey;
  const rsa = (modulusLength) => publicKey('rsa', { modulusLength });
  const ec = (namedCurve) => publicKey('ec', { namedCurve });
  const pem = (key) => key.export({ type: 'spki', format: 'pem' });
  const set = (...keys) => JSON.stringify({ keys: keys.map((key, i) =>
    ({ kid: `k${i}`, ...key.export({ format: 'jwk' }) })) });

  async function judged(name, content, JWT_ALGORITHMS) {
    const dir = await mkdtemp(join(tmpdir(), 'keys-'));
    folders.push(dir);
    await writeFile(join(dir, 'key'), content);
    return checked('ws-edge', { JWT_ALGORITHMS, [name]: join(dir, 'key') });
  }

  const pems = [
    ['an RSA key of 512 bits', () => rsa(512), 'RS256', /512 bits/],
    ['an RSA key of 2047 bits', () => rsa(2047), 'HS256,RS256', /2047 bits/],
    ['an RSA key of 2048 bits', () => rsa(2048), 'RS256', null],
    ['a key on P-384', () => ec('P-384'), 'ES256', /secp384r1.*P-256/],
    ['a key on secp256k1', () => ec('secp256k1'), 'ES256', /secp256k1.*P-256/],
    ['a key on P-256', () => ec('P-256'), 'ES256', null],
    ['an Ed25519 key', () => publicKey('ed25519'), 'ES256', /neither/],
    ['an RSA key for PSS', () => publicKey('rsa-pss', { modulusLength: 2048 }), 'RS256', /neither/],
    ['an RSA key for ES256', () => rsa(2048), 'ES256', /RS256.*JWT_ALGORITHMS/],
    ['a P-256 key for RS256', () => ec('P-256'), 'RS256', /ES256.*JWT_ALGORITHMS/],
  ];
  for (const [name, make, algorithms, fault] of pems) {
    test(name, async () => {
      const { code, stderr } = await judged('JWT_PUBLIC_KEY_FILE', pem(make()), algorithms);
      assert.equal(code, fault ? 1 : 0, stderr);
      if (fault) assert.match(stderr, new RegExp(`JWT_PUBLIC_KEY_FILE .*${fault.source}`));
    });
  }

  test('a file that only begins like a key', async () => {
    const cut = pem(rsa(2048)).slice(0, 200);
    const { code, stderr } = await judged('JWT_PUBLIC_KEY_FILE', cut, 'RS256');
    assert.equal(code, 1);
    assert.match(stderr, /JWT_PUBLIC_KEY_FILE/);
  });

  const sets = [
    ['a weak key alone', () => set(rsa(1024)), 'RS256', 1, /no public RSA key.*"k0" is an RSA key of 1024 bits/],
    ['a weak key beside a good one', () => set(rsa(1024), rsa(2048)), 'RS256', 0, /warning: .*"k0" is an RSA key of 1024/],
    ['P-384 beside P-256', () => set(ec('P-256'), ec('P-384')), 'ES256', 0, /warning: .*"k1"/],
    ['no key of the algorithm', () => set(rsa(2048)), 'ES256', 1, /no key for JWT_ALGORITHMS=ES256/],
    ['over 64 KB', () => `${set(rsa(2048))}${' '.repeat(65536)}`, 'RS256', 1, /has more than 64 KB/],
    ['just 64 KB', () => set(rsa(2048)).padEnd(65536), 'RS256', 0, /^$/],
    ['no JSON', () => '{', 'RS256', 1, /no JSON/],
  ];
  for (const [name, make, algorithms, code, words] of sets) {
    test(`a key set: ${name}`, async () => {
      const result = await judged('JWT_JWKS_FILE', make(), algorithms);
      assert.equal(result.code, code, result.stderr);
      assert.match(result.stderr, words);
    });
  }

  test('a folder for a file', async () => {
    const { code, stderr } = await checked('ws-edge',
      { JWT_ALGORITHMS: 'RS256', JWT_JWKS_FILE: '/tmp' });
    assert.equal(code, 1);
    assert.match(stderr, /JWT_JWKS_FILE "\/tmp" cannot be read/);
  });
});

describe('where keys are fetched', () => {
  const URL = 'https://id.example/keys?p=1';
  const cases = [
    ['https and a query', { JWT_JWKS_URL: URL }, null],
    ['http', { JWT_JWKS_URL: 'http://127.0.0.1:8080' }, null],
    ['secrets beside it', { JWT_JWKS_URL: URL, JWT_ALGORITHMS: 'HS256,RS256' }, null],
    ['an hour', { JWT_JWKS_URL: URL, JWT_JWKS_REFRESH: '1h' }, null],
    ['a file beside it', { JWT_JWKS_URL: URL, JWT_JWKS_FILE: '/x' }, /exclude one another/],
    ['a PEM file beside it', { JWT_JWKS_URL: URL, JWT_PUBLIC_KEY_FILE: '/x' }, /exclude one another/],
    ['nothing', {}, /JWT_PUBLIC_KEY_FILE, JWT_JWKS_FILE or JWT_JWKS_URL must be given/],
    ['only secrets', { JWT_JWKS_URL: URL, JWT_ALGORITHMS: 'HS256' }, /JWT_JWKS_URL needs an algorithm/],
    ['no scheme', { JWT_JWKS_URL: 'id.example/keys' }, /JWT_JWKS_URL must be an address/],
    ['another scheme', { JWT_JWKS_URL: 'file:///etc/keys' }, /JWT_JWKS_URL must be an address/],
    ['a password', { JWT_JWKS_URL: 'https://me:hush@id.example/' }, /JWT_JWKS_URL .*a password/],
    ['a fragment', { JWT_JWKS_URL: 'https://id.example/#keys' }, /JWT_JWKS_URL .*a fragment/],
    ['a blank', { JWT_JWKS_URL: 'https://id.example/a b' }, /JWT_JWKS_URL .*encoded/],
    ['always anew', { JWT_JWKS_URL: URL, JWT_JWKS_REFRESH: '0' }, /JWT_JWKS_REFRESH/],
    ['hardly ever', { JWT_JWKS_URL: URL, JWT_JWKS_REFRESH: '2d' }, /JWT_JWKS_REFRESH/],
    ['no such CA file', { JWT_JWKS_URL: URL, JWT_JWKS_CA_FILE: '/nowhere' }, /JWT_JWKS_CA_FILE "\/nowhere"/],
    ['a CA file that is none', { JWT_JWKS_URL: URL, JWT_JWKS_CA_FILE: '/etc/hostname' }, /BEGIN CERTIFICATE/],
    ['a CA file for http', { JWT_JWKS_URL: 'http://id.example', JWT_JWKS_CA_FILE: '/x' }, /no effect/],
    ['a CA file for a file', { JWT_JWKS_FILE: '/x', JWT_JWKS_CA_FILE: '/x' }, /no effect/],
  ];
  for (const [name, env, fault] of cases) {
    test(name, async () => {
      const { code, stderr } = await checked('ws-edge', { JWT_ALGORITHMS: 'RS256', ...env });
      assert.equal(code, fault ? 1 : 0, stderr);
      assert.match(stderr, fault ?? /^$/);
      assert.doesNotMatch(stderr, /hush/);
    });
  }

  test('http in production is warned of', async () => {
    const { code, stderr } = await checked('ws-edge', { NODE_ENV: 'production',
      JWT_ALGORITHMS: 'RS256', JWT_JWKS_URL: 'http://id.example' });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /warning: JWT_JWKS_URL is fetched over http/);
  });
});

describe('how Redis is reached', () => {
  const cases = [
    ['a user without a password', { REDIS_USERNAME: 'gateway' }, /REDIS_USERNAME needs REDIS_PASSWORD/],
    ['a URL', { REDIS_URL: 'redis://gateway:p%40ss@redis.example:6380/2' }, null],
    ['a URL of a socket', { REDIS_URL: 'unix:///run/redis.sock?db=2' }, null],
    ['a URL and the same beside it', { REDIS_URL: 'redis://u:p@h:6380/2', REDIS_HOST: 'h',
      REDIS_PORT: '6380', REDIS_USERNAME: 'u', REDIS_PASSWORD: 'p', REDIS_DB: '2' }, null],
    ['a URL, and the password apart', { REDIS_URL: 'redis://u@h', REDIS_PASSWORD: 'p' }, null],
    ['another host', { REDIS_URL: 'redis://h', REDIS_HOST: 'other' }, /REDIS_HOST and REDIS_URL say/],
    ['another port', { REDIS_URL: 'redis://h:1', REDIS_PORT: '2' }, /REDIS_PORT and REDIS_URL say/],
    ['another user', { REDIS_URL: 'redis://u:p@h', REDIS_USERNAME: 'v' }, /REDIS_USERNAME and REDIS_URL say/],
    ['another password', { REDIS_URL: 'redis://u:hush1@h', REDIS_PASSWORD: 'hush2' }, /REDIS_PASSWORD and REDIS_URL say/],
    ['another database', { REDIS_URL: 'redis://h/3', REDIS_DB: '1' }, /REDIS_DB and REDIS_URL say/],
    ['a host beside a socket', { REDIS_URL: 'unix:///run/r', REDIS_HOST: 'h' }, /REDIS_HOST and REDIS_URL say/],
    ['another scheme', { REDIS_URL: 'http://hush1@h' }, /REDIS_URL must be like .*scheme/],
    ['no host', { REDIS_URL: 'redis:///1' }, /REDIS_URL must be like .*no host/],
    ['a password that is not encoded', { REDIS_URL: 'redis://u:hush1#hush2@h' }, /REDIS_URL must be like .*%23/],
    ['a % of no use', { REDIS_URL: 'redis://u:hush1%00@h' }, /REDIS_URL must be like .*%/],
    ['a name of a database', { REDIS_URL: 'redis://h/one' }, /REDIS_URL must name the database by its number/],
    ['a query', { REDIS_URL: 'redis://h/1?hush1=2' }, /REDIS_URL must not have a query/],
    ['a user without a password in the URL', { REDIS_URL: 'redis://hush1@h' }, /REDIS_USERNAME needs REDIS_PASSWORD/],
    ['a file for TLS without TLS', { REDIS_CA_FILE: '/x' }, /REDIS_CA_FILE .*no effect without REDIS_TLS/],
    ['TLS to a socket', { REDIS_TLS: 'true', REDIS_URL: 'unix:///run/r' }, /REDIS_TLS is not for a socket/],
    ['rediss and no TLS', { REDIS_TLS: 'false', REDIS_URL: 'rediss://h' }, /REDIS_TLS and REDIS_URL say/],
    ['Sentinels', { REDIS_SENTINELS: 'a, b:1,[::1]:26380', REDIS_SENTINEL_PASSWORD: 'x' }, null],
    ['a Sentinel that is none', { REDIS_SENTINELS: 'a,b:x' }, /REDIS_SENTINELS must list .*number 2 is none/],
    ['an empty Sentinel', { REDIS_SENTINELS: 'a,,b' }, /REDIS_SENTINELS must list/],
    ['a Sentinel with a password', { REDIS_SENTINELS: 'hush1:hush2@a' },
      /REDIS_SENTINELS must list/],
    ['17 Sentinels', { REDIS_SENTINELS: Array(17).fill('a').join() }, /REDIS_SENTINELS names over 16/],
    ['Sentinels and a host', { REDIS_SENTINELS: 'a', REDIS_HOST: 'b' }, /REDIS_SENTINELS know where/],
    ['Sentinels and a URL', { REDIS_SENTINELS: 'a', REDIS_URL: 'redis://b' }, /REDIS_SENTINELS know where/],
    ['a user of Sentinels without a password', { REDIS_SENTINELS: 'a', REDIS_SENTINEL_USERNAME: 'u' },
      /REDIS_SENTINEL_USERNAME needs REDIS_SENTINEL_PASSWORD/],
    ['nodes', { REDIS_NODES: 'a, b:1,[::1]:2', BUS_SHARDS: '6' }, null],
    ['one node', { REDIS_NODES: 'a' }, null],
    ['a node that is none', { REDIS_NODES: 'a,b:x', BUS_SHARDS: '2' }, /REDIS_NODES must list .*number 2 is none/],
    ['an empty node', { REDIS_NODES: 'a,,b', BUS_SHARDS: '3' }, /REDIS_NODES must list/],
    ['a node with a password', { REDIS_NODES: 'hush1:hush2@a' }, /REDIS_NODES must list/],
    ['a node as a URL', { REDIS_NODES: 'redis://a' }, /REDIS_NODES must list/],
    ['17 nodes', { REDIS_NODES: Array.from({ length: 17 }, (_, i) => `a${i}`).join() }, /REDIS_NODES names over 16/],
    ['the same node twice', { REDIS_NODES: 'a,b,a:6379', BUS_SHARDS: '3' }, /REDIS_NODES names a:6379 twice/],
    ['nodes and a host', { REDIS_NODES: 'a', REDIS_HOST: 'b' }, /REDIS_NODES say where Redis is/],
    ['nodes and a port', { REDIS_NODES: 'a', REDIS_PORT: '1' }, /REDIS_NODES say where Redis is/],
    ['nodes and a URL', { REDIS_NODES: 'a', REDIS_URL: 'redis://b' }, /REDIS_NODES say where Redis is/],
    ['nodes and Sentinels', { REDIS_NODES: 'a', REDIS_SENTINELS: 'b' }, /give no REDIS_NODES .*REDIS_MASTER_NAME/],
    ['fewer shards than nodes', { REDIS_NODES: 'a,b' }, /BUS_SHARDS must be a multiple of the 2 servers/],
    ['shards that nodes cannot share', { REDIS_NODES: 'a,b', BUS_SHARDS: '3' }, /BUS_SHARDS must be a multiple/],
    ['two primaries', { REDIS_SENTINELS: 'a', REDIS_MASTER_NAME: 'one, two', BUS_SHARDS: '4' }, null],
    ['fewer shards than primaries', { REDIS_SENTINELS: 'a', REDIS_MASTER_NAME: 'one,two' },
      /BUS_SHARDS must be a multiple of the 2 servers/],
    ['a primary without a name', { REDIS_SENTINELS: 'a', REDIS_MASTER_NAME: 'one,,two', BUS_SHARDS: '3' },
      /REDIS_MASTER_NAME must have up to 16 different names/],
    ['the same primary twice', { REDIS_SENTINELS: 'a', REDIS_MASTER_NAME: 'one,one', BUS_SHARDS: '2' },
      /REDIS_MASTER_NAME must have up to 16 different names/],
    ['a prefix with a pattern', { REDIS_KEY_PREFIX: 'eu*' }, /REDIS_KEY_PREFIX must have/],
    ['a prefix with a hash tag', { REDIS_KEY_PREFIX: '{eu}' }, /REDIS_KEY_PREFIX must have/],
    ['a prefix', { REDIS_KEY_PREFIX: 'eu.' }, null],
    ['a user with one', { REDIS_USERNAME: 'gateway', REDIS_PASSWORD: 'x' }, null],
  ];
  for (const [name, env, fault] of cases) {
    for (const program of ['ws-edge', 'ws-relay']) {
      test(`${program}: ${name}`, async () => {
        const { code, stderr } = await checked(program, env);
        assert.equal(code, fault ? 1 : 0, stderr);
        if (fault) assert.match(stderr, fault);
        assert.doesNotMatch(stderr, /hush/);
      });
    }
    if (!fault || fault.source.startsWith('BUS_SHARDS')) continue; // it knows no shards
    test(`ws-control: ${name}`, async () => {
      const { code, stderr } = await start('ws-control', env, { args: ['edges'] });
      assert.equal(code, 2);
      assert.match(stderr, fault);
    });
  }
});

describe('a weak secret', () => {
  const cases = [
    ['production', 7, 1, /JWT_SECRET has 7 bytes/],
    ['production', 8, 0, /warning: JWT_SECRET has 8 bytes/],
    ['production', 31, 0, /warning: JWT_SECRET has 31 bytes/],
    ['production', 32, 0, /^$/],
    ['development', 7, 0, /^$/],
  ];
  for (const [NODE_ENV, length, code, words] of cases) {
    test(`of ${length} bytes in ${NODE_ENV}`, async () => {
      const JWT_SECRET = 'q'.repeat(length);
      const result = await checked('ws-edge', { NODE_ENV, JWT_SECRET });
      assert.equal(result.code, code, result.stderr);
      assert.match(result.stderr, words);
      assert.ok(!result.stderr.includes(JWT_SECRET), result.stderr);
      if (code === 0) assert.match(result.stdout, /settings are right/);
    });
  }

  test('is warned of at the start as well', async () => {
    const { stdout } = await start('ws-edge', { NODE_ENV: 'production', JWT_SECRET: 'q'.repeat(20),
      JWT_SECRETT: 'x', PORT: '0', OPS_PORT: '0', SERVICE_HOST: '192.0.2.1' });
    const warned = stdout.split('\n').filter((line) => line.includes('"warn"'));
    assert.match(warned.join(), /JWT_SECRET has 20 bytes/);
    assert.match(warned.join(), /JWT_SECRETT is not known; is JWT_SECRET meant\?/);
  });

  test('is not looked at where HS256 is not accepted', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'keys-'));
    folders.push(dir);
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await writeFile(join(dir, 'key'), publicKey.export({ type: 'spki', format: 'pem' }));
    const { code, stderr } = await checked('ws-edge', { NODE_ENV: 'production', JWT_SECRET: 'short',
      JWT_ALGORITHMS: 'ES256', JWT_PUBLIC_KEY_FILE: join(dir, 'key') });
    assert.equal(code, 0, stderr);
    assert.equal(stderr, '');
  });
});

describe('variables that are nearly ours', () => {
  const PROGRAMS = ['ws-edge', 'ws-relay'];
  const known = new Set();

  for (const program of PROGRAMS) {
    test(`${program} warns of them and goes on`, async () => {
      const { code, stderr } = await checked(program, { JWT_SECRETT: 'do-not-tell', LOG_LEVLE: 'x',
        CORS_ORIGINS: 'x', redis_host: 'x', HOSTNAME: 'x', REDIS_PORT_6379_TCP: 'x' });
      assert.equal(code, 0, stderr);
      assert.deepEqual(stderr.trimEnd().split('\n').sort(), [['CORS_ORIGINS', 'CORS_ORIGIN'],
        ['JWT_SECRETT', 'JWT_SECRET'], ['LOG_LEVLE', 'LOG_LEVEL'], ['redis_host', 'REDIS_HOST']]
        .map(([name, meant]) => `${program}: warning: ${name} is not known; is ${meant} meant?`));
    });
  }

  test('none of a program\'s own is one, and each has such', async () => {
    for (const program of [...PROGRAMS, 'ws-token', 'ws-publish', 'ws-listen', 'ws-dead-letters',
      'ws-control']) {
      const { stdout } = await start(program, {}, { args: ['--help'] });
      for (const [, name] of stdout.matchAll(/^ {2}([A-Z][A-Z0-9_]+)(?:=.*)?$/gm)) known.add(name);
    }
    assert.ok(known.size > 60);
    const names = [...known];
    for (const program of PROGRAMS) {
      const right = await checked(program, Object.fromEntries(names.map((name) => [name, ''])));
      assert.equal(right.stderr, '');
      const wrong = await checked(program,
        Object.fromEntries(names.map((name) => [`${name}Q`, 'x'])));
      for (const name of names) {
        assert.ok(wrong.stderr.includes(`${name}Q is not known; is ${name} meant?`),
          `${name} is not among the setting_names`);
      }
    }
  });
});

describe('a host is a host', () => {
  const wrong = ['redis://redis', 'redis://:do-not-tell@redis:6379/1', 'amqp://guest:do-not-tell@mq',
    'http://redis', 'redis:6379', '127.0.0.1:6379', '[::1]:6379', '[::1]', 'redis/1', 'a b',
    'me:do-not-tell@redis', 'do-not-tell@redis', 'a,b', 'redis?x', ' redis'];
  const hosts = [['ws-edge', 'REDIS_HOST'], ['ws-edge', 'RABBITMQ_HOST'], ['ws-edge', 'SERVICE_HOST'],
    ['ws-relay', 'REDIS_HOST'], ['ws-relay', 'RABBITMQ_HOST'], ['ws-relay', 'SERVICE_HOST']];
  for (const [program, name] of hosts) {
    test(`${name} of ${program}`, async () => {
      for (const value of wrong) {
        const { code, stderr } = await checked(program, { [name]: value });
        assert.equal(code, 1, value);
        assert.match(stderr, new RegExp(`${name} must be a host name or an address, without scheme`));
        assert.doesNotMatch(stderr, /do-not-tell/);
      }
      for (const value of ['redis', 'redis.internal.example', 'my_redis-1', '127.0.0.1', '::1', '']) {
        assert.equal((await checked(program, { [name]: value })).code, 0, value);
      }
    });
  }
});

describe('one wrong variable is named with what it should be', () => {
  const cases = [
    ['ws-edge', 'PORT', ['x', '-1', '65536', '3002x', '1.5', ' ']],
    ['ws-edge', 'NODE_ENV', ['prod']],
    ['ws-edge', 'LOG_LEVEL', ['loud', 'INFO ']],
    ['ws-edge', 'LOG_FORMAT', ['xml']],
    ['ws-edge', 'ALLOW_AUTH_WITHOUT_JWT', ['maybe']],
    ['ws-edge', 'METRICS_ENABLED', ['2']],
    ['ws-edge', 'DEV_CONSOLE', ['perhaps']],
    ['ws-edge', 'REDIS_PORT', ['0', 'abc']],
    ['ws-edge', 'REDIS_DB', ['-1']],
    ['ws-edge', 'PING_INTERVAL', ['often']],
    ['ws-edge', 'PING_TIMEOUT', ['0']],
    ['ws-edge', 'UPGRADE_TIMEOUT', ['x']],
    ['ws-edge', 'CONNECT_TIMEOUT', ['x']],
    ['ws-edge', 'MAX_EVENTS_PER_SECOND', ['-1']],
    ['ws-edge', 'JWT_ISSUER', [',', ' , ']],
    ['ws-edge', 'JWT_AUDIENCE', [',', ' , ']],
    ['ws-edge', 'JWT_CLOCK_TOLERANCE', ['-1', '5s', '3601']],
    ['ws-edge', 'MAX_PACKETS_PER_PAYLOAD', ['0']],
    ['ws-edge', 'TRUSTED_PROXIES', ['proxy', '10.0.0.0/33', '10.0.0.1;10.0.0.2']],
    ['ws-edge', 'MAX_PAYLOAD', ['0']],
    ['ws-edge', 'MAX_OUTBOX_BYTES', ['x']],
    ['ws-edge', 'DRAIN_SECONDS', ['-1']],
    ['ws-edge', 'BUS_SHARDS', ['0']],
    ['ws-edge', 'ROOM_AUTHORIZATION', ['closed']],
    ['ws-edge', 'ROOM_AUTHORIZATION_TIMEOUT', ['0', '5s']],
    ['ws-edge', 'ROOM_AUTHORIZATION_CONCURRENCY', ['0', '1001']],
    ['ws-edge', 'ROOM_AUTHORIZATION_QUEUE', ['0']],
    ['ws-edge', 'ROOM_AUTHORIZATION_CACHE_SECONDS', ['-1', '1m']],
    ['ws-edge', 'ROOM_AUTHORIZATION_CACHE_SIZE', ['-1']],
    ['ws-edge', 'OPS_PORT', ['70000']],
    ['ws-relay', 'RABBITMQ_PORT', ['x', '0', '99999']],
    ['ws-relay', 'RELAY_PREFETCH', ['0', 'many']],
    ['ws-relay', 'API_PORT', ['x', '-1', '65536']],
    ['ws-relay', 'API_RATE_LIMIT', ['-1']],
    ['ws-relay', 'API_PUBLISH_TIMEOUT', ['0', '60001']],
    ['ws-relay', 'MAX_EVENT_BYTES', ['x']],
    ['ws-relay', 'REDIS_DB', ['one']],
    ['ws-relay', 'LOG_LEVEL', ['loud']],
    ['ws-relay', 'RABBITMQ_EXCHANGES', [',', ' , ']],
  ];
  for (const [program, name, values] of cases) {
    for (const value of values) {
      test(`${program} ${name}=${JSON.stringify(value)}`, async () => {
        const { code, stdout, stderr } = await start(program, { [name]: value });
        assert.equal(code, 1);
        assert.match(stderr, new RegExp(`\\b${name}\\b`));
        assert.equal(stdout, '', 'it said something before it had its settings');
      });
    }
  }
});

test('several wrong variables stand in one message', async () => {
  const wrong = { PORT: 'x', REDIS_PORT: 'y', LOG_LEVEL: 'z', PING_INTERVAL: '-5' };
  const { code, stderr } = await start('ws-edge', { ...wrong, REDIS_DB: '1' });
  assert.equal(code, 1);
  for (const name of Object.keys(wrong)) assert.match(stderr, new RegExp(`\\b${name}\\b`));
  assert.doesNotMatch(stderr, /REDIS_DB/);
});

describe('a secret from a file', () => {
  const SECRETS = [['ws-edge', 'JWT_SECRET'], ['ws-edge', 'REDIS_PASSWORD'],
    ['ws-relay', 'REDIS_PASSWORD'], ['ws-relay', 'RABBITMQ_PASSWORD']];

  async function file(content) {
    const dir = await mkdtemp(join(tmpdir(), 'secrets-'));
    folders.push(dir);
    await writeFile(join(dir, 'secret'), content);
    return join(dir, 'secret');
  }

  const wrong = [
    ['is empty', '', 'is empty'],
    ['is a line end', '\n', 'is empty'],
    ['has a NUL byte', 'do-not-\0tell', 'has a NUL byte'],
    ['is over 64 KB', 'do-not-tell'.padEnd(65537, 'x'), 'has more than 64 KB'],
  ];
  for (const [program, name] of SECRETS) {
    test(`${name} of ${program}`, async () => {
      const right = await checked(program, { [`${name}_FILE`]: await file('do-not-tell\n'), [name]: '' });
      assert.deepEqual([right.code, right.stderr], [0, '']);
      for (const [, content, cause] of wrong) {
        const path = await file(content);
        const { code, stderr } = await checked(program, { [`${name}_FILE`]: path });
        assert.equal(code, 1);
        assert.ok(stderr.includes(`${name}_FILE "${path}" ${cause}`), stderr);
        assert.doesNotMatch(stderr, /do-not/);
      }
      for (const [path, cause] of [['/nowhere', 'No such file'], ['/tmp', 'Is a directory']]) {
        const { code, stderr } = await checked(program, { [`${name}_FILE`]: path });
        assert.equal(code, 1);
        assert.ok(stderr.includes(`${name}_FILE "${path}" cannot be read: ${cause}`), stderr);
      }
      const both = await checked(program, { [name]: 'do-not-tell', [`${name}_FILE`]: await file('do-not-tell') });
      assert.equal(both.code, 1);
      assert.ok(both.stderr.includes(`${name} and ${name}_FILE exclude each other`), both.stderr);
      assert.doesNotMatch(both.stderr, /do-not/);
    });
  }

  test('is judged like one of the environment', async () => {
    const JWT_SECRET_FILE = await file('short');
    const { code, stderr } = await checked('ws-edge', { NODE_ENV: 'production', JWT_SECRET_FILE });
    assert.equal(code, 1);
    assert.match(stderr, /JWT_SECRET has 5 bytes/);
  });

  test('has a name that is nearly ours too', async () => {
    const { stderr } = await checked('ws-relay', { RABBITMQ_PASSWORD_FIEL: '/x' });
    assert.match(stderr, /RABBITMQ_PASSWORD_FIEL is not known; is RABBITMQ_PASSWORD_FILE meant\?/);
  });
});

describe('RABBITMQ_URL', () => {
  const cases = [
    ['all of it', { RABBITMQ_URL: 'amqp://us%40er:p%2Fss@mq.example:5673/my%2Fhost' }, null],
    ['a host alone', { RABBITMQ_URL: 'amqp://mq' }, null],
    ['TLS', { RABBITMQ_URL: 'amqps://u:p@mq' }, null],
    ['an address of IPv6', { RABBITMQ_URL: 'amqp://[::1]:5672/%2f' }, null],
    ['the same beside it', { RABBITMQ_URL: 'amqps://u:p@mq:1/v', RABBITMQ_HOST: 'mq', RABBITMQ_PORT: '1',
      RABBITMQ_USER: 'u', RABBITMQ_PASSWORD: 'p', RABBITMQ_VHOST: 'v', RABBITMQ_TLS: 'true' }, null],
    ['user and password apart', { RABBITMQ_URL: 'amqp://mq', RABBITMQ_USER: 'u', RABBITMQ_PASSWORD: 'p' }, null],
    ['another host', { RABBITMQ_URL: 'amqp://mq', RABBITMQ_HOST: 'other' }, /RABBITMQ_HOST and RABBITMQ_URL say/],
    ['another port', { RABBITMQ_URL: 'amqp://mq:1', RABBITMQ_PORT: '2' }, /RABBITMQ_PORT and RABBITMQ_URL say/],
    ['another user', { RABBITMQ_URL: 'amqp://u@mq', RABBITMQ_USER: 'v' }, /RABBITMQ_USER and RABBITMQ_URL say/],
    ['another password', { RABBITMQ_URL: 'amqp://u:hush1@mq', RABBITMQ_PASSWORD: 'hush2' },
      /RABBITMQ_PASSWORD and RABBITMQ_URL say/],
    ['another virtual host', { RABBITMQ_URL: 'amqp://mq/a', RABBITMQ_VHOST: 'b' }, /RABBITMQ_VHOST and RABBITMQ_URL say/],
    ['TLS, and none', { RABBITMQ_URL: 'amqps://mq', RABBITMQ_TLS: 'false' }, /RABBITMQ_TLS and RABBITMQ_URL say/],
    ['no TLS, and TLS', { RABBITMQ_URL: 'amqp://mq', RABBITMQ_TLS: 'true' }, /RABBITMQ_TLS and RABBITMQ_URL say/],
    ['files of TLS without it', { RABBITMQ_URL: 'amqp://mq', RABBITMQ_CA_FILE: '/x' }, /RABBITMQ_CA_FILE needs .*amqps/],
    ['another scheme', { RABBITMQ_URL: 'http://hush1@mq' }, /RABBITMQ_URL must be like .*scheme/],
    ['no host', { RABBITMQ_URL: 'amqp:///v' }, /RABBITMQ_URL must be like .*no host/],
    ['an empty virtual host', { RABBITMQ_URL: 'amqp://u:hush1@mq/' }, /RABBITMQ_URL must be like .*empty virtual host.*%2F/],
    ['a virtual host of two parts', { RABBITMQ_URL: 'amqp://u:hush1@mq/a/b' }, /RABBITMQ_URL must be like .*%2F/],
    ['a virtual host that is not encoded', { RABBITMQ_URL: 'amqp://u:hush1@mq//' }, /RABBITMQ_URL must be like .*%2F/],
    ['a query', { RABBITMQ_URL: 'amqp://u:hush1@mq/v?heartbeat=1' }, /RABBITMQ_URL must be like .*query/],
    ['a password that is not encoded', { RABBITMQ_URL: 'amqp://u:hush1#hush2@mq' }, /RABBITMQ_URL must be like .*%23/],
    ['a port too high', { RABBITMQ_URL: 'amqp://u:hush1@mq:65536' }, /RABBITMQ_URL must be like /],
  ];
  for (const [name, env, fault] of cases) {
    test(name, async () => {
      const { code, stderr } = await checked('ws-relay', env);
      assert.equal(code, fault ? 1 : 0, stderr);
      assert.match(stderr, fault ?? /^$/);
      assert.doesNotMatch(stderr, /hush/);
      if (!fault) return;
      const tool = await start('ws-publish', env, { args: ['a.b', '{}'] });
      assert.equal(tool.code, 2);
      assert.match(tool.stderr, fault);
    });
  }
});

describe('RABBITMQ_HOSTS', () => {
  const cases = [
    ['several', { RABBITMQ_HOSTS: 'a, b:1,[::1]:5673', RABBITMQ_USER: 'u', RABBITMQ_VHOST: 'v' }, null],
    ['with TLS', { RABBITMQ_HOSTS: 'a,b', RABBITMQ_TLS: 'true' }, null],
    ['one that is none', { RABBITMQ_HOSTS: 'a,b:x' }, /RABBITMQ_HOSTS must list .*10\.0\.0\.1:5672.*number 2 is none/],
    ['one that is none with TLS', { RABBITMQ_HOSTS: ',', RABBITMQ_TLS: 'true' }, /RABBITMQ_HOSTS must list .*:5671/],
    ['a URL among them', { RABBITMQ_HOSTS: 'a,amqp://u:hush1@b' }, /RABBITMQ_HOSTS must list .*number 2/],
    ['a password', { RABBITMQ_HOSTS: 'u:hush1@a' }, /RABBITMQ_HOSTS must list .*number 1/],
    ['17 of them', { RABBITMQ_HOSTS: Array(17).fill('a').join() }, /RABBITMQ_HOSTS names over 16 hosts/],
    ['a host beside it', { RABBITMQ_HOSTS: 'a', RABBITMQ_HOST: 'b' }, /RABBITMQ_HOSTS says where .*RABBITMQ_HOST/],
    ['a port beside it', { RABBITMQ_HOSTS: 'a', RABBITMQ_PORT: '1' }, /RABBITMQ_HOSTS says where .*RABBITMQ_PORT/],
    ['a URL beside it', { RABBITMQ_HOSTS: 'a', RABBITMQ_URL: 'amqp://u:hush1@a' }, /RABBITMQ_HOSTS says where .*RABBITMQ_URL/],
    ['a host that is too long', { RABBITMQ_HOST: 'a'.repeat(256) }, /RABBITMQ_HOST has over 255 bytes/],
  ];
  for (const [name, env, fault] of cases) {
    test(name, async () => {
      const { code, stderr } = await checked('ws-relay', env);
      assert.equal(code, fault ? 1 : 0, stderr);
      assert.match(stderr, fault ?? /^$/);
      assert.doesNotMatch(stderr, /hush/);
      if (!fault) return;
      const tool = await start('ws-dead-letters', env, { args: ['list'] });
      assert.equal(tool.code, 2);
      assert.match(tool.stderr, fault);
    });
  }
});

describe('files of TLS to RabbitMQ', () => {
  async function files() {
    const dir = await mkdtemp(join(tmpdir(), 'tls-'));
    folders.push(dir);
    const authority = new Authority(dir);
    const { certificate, key } = authority.issue('relay');
    const wrong = join(dir, 'wrong.pem');
    await writeFile(wrong, '-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n');
    return { RABBITMQ_TLS: 'true', RABBITMQ_CA_FILE: authority.certificate,
      RABBITMQ_CERT_FILE: certificate, RABBITMQ_KEY_FILE: key, wrong, otherKey: authority.key };
  }
  const NOWHERE = '/nowhere.pem';
  const cases = [
    ['right ones', () => ({}), null],
    ['the system\'s certificates', () => ({ RABBITMQ_CA_FILE: '' }), null],
    ['no certificate of the client', () => ({ RABBITMQ_CERT_FILE: '', RABBITMQ_KEY_FILE: '' }), null],
    ['no TLS', () => ({ RABBITMQ_TLS: 'false' }),
      /RABBITMQ_CA_FILE needs RABBITMQ_TLS=true or amqps:\/\/\n.*RABBITMQ_CERT_FILE needs .*\n.*RABBITMQ_KEY_FILE needs /],
    ['no authority', () => ({ RABBITMQ_CA_FILE: NOWHERE }),
      /RABBITMQ_CA_FILE "\/nowhere.pem" cannot be used: No such file/],
    ['a wrong authority', ({ wrong }) => ({ RABBITMQ_CA_FILE: wrong }), /RABBITMQ_CA_FILE ".*wrong.pem" cannot be used/],
    ['no certificate', () => ({ RABBITMQ_CERT_FILE: NOWHERE }),
      /RABBITMQ_CERT_FILE "\/nowhere.pem" cannot be used: No such file/],
    ['a wrong certificate', ({ wrong }) => ({ RABBITMQ_CERT_FILE: wrong }),
      /RABBITMQ_CERT_FILE ".*wrong.pem" cannot be used/],
    ['no key', () => ({ RABBITMQ_KEY_FILE: NOWHERE }),
      /RABBITMQ_KEY_FILE "\/nowhere.pem" cannot be used: No such file/],
    ['the key of another', ({ otherKey }) => ({ RABBITMQ_KEY_FILE: otherKey }),
      /RABBITMQ_KEY_FILE .* cannot be used: key values mismatch/],
    ['a certificate without a key', () => ({ RABBITMQ_KEY_FILE: '' }),
      /RABBITMQ_CERT_FILE and RABBITMQ_KEY_FILE must be given together/],
    ['a key without a certificate', () => ({ RABBITMQ_CERT_FILE: '' }),
      /RABBITMQ_CERT_FILE and RABBITMQ_KEY_FILE must be given together/],
    ['two wrong ones', ({ wrong }) => ({ RABBITMQ_CA_FILE: NOWHERE, RABBITMQ_CERT_FILE: wrong }),
      /RABBITMQ_CA_FILE .*\n.*RABBITMQ_CERT_FILE /],
  ];
  for (const [name, change, fault] of cases) {
    test(name, async () => {
      const given = await files();
      const env = { ...given, ...change(given) };
      const { code, stderr } = await checked('ws-relay', env);
      assert.equal(code, fault ? 1 : 0, stderr);
      assert.match(stderr, fault ?? /^$/);
      if (!fault) return;
      const tool = await start('ws-publish', env, { args: ['a.b', '{}'] });
      assert.equal(tool.code, 2);
      assert.match(tool.stderr, fault);
    });
  }
});

describe('JWT_SECRET_PREVIOUS', () => {
  const long = (letter) => letter.repeat(32);
  const production = { NODE_ENV: 'production', ROOM_AUTHORIZATION: 'claims' };
  const cases = [
    ['without JWT_SECRET', { JWT_SECRET_PREVIOUS: long('q') }, 1, /JWT_SECRET_PREVIOUS must not be given without JWT_SECRET/],
    ['the same as JWT_SECRET', { JWT_SECRET: long('q'), JWT_SECRET_PREVIOUS: long('q') }, 0, /JWT_SECRET_PREVIOUS is the same/],
    ['beside it', { JWT_SECRET: long('x'), JWT_SECRET_PREVIOUS: long('q') }, 0, /^$/],
    ['short', { ...production, JWT_SECRET: long('x'), JWT_SECRET_PREVIOUS: 'qqqqqqqqqq' }, 0, /JWT_SECRET_PREVIOUS has 10 bytes/],
    ['far too short', { ...production, JWT_SECRET: long('x'), JWT_SECRET_PREVIOUS: 'qqqq' }, 1, /JWT_SECRET_PREVIOUS has 4 bytes/],
    ['in production without JWT_SECRET', { ...production, JWT_SECRET_PREVIOUS: long('q') }, 1, /JWT_SECRET or JWT_SECRET_FILE must be given/],
  ];
  for (const [name, env, code, words] of cases) {
    test(name, async () => {
      const result = await checked('ws-edge', env);
      assert.equal(result.code, code, result.stderr);
      assert.match(result.stderr, words);
      assert.doesNotMatch(result.stderr, /qqqq/);
    });
  }
});

test('the value of a secret is not repeated', async () => {
  const { stderr } = await start('ws-edge', { JWT_SECRET: 'do-not-tell', PORT: 'x' });
  assert.doesNotMatch(stderr, /do-not-tell/);
});

describe('NODE_ENV=production', () => {
  const production = { NODE_ENV: 'production' };

  test('wants JWT_SECRET, and names what else is wrong with it', async () => {
    const { code, stderr } = await start('ws-edge', { ...production, PORT: 'x' });
    assert.equal(code, 1);
    for (const name of ['JWT_SECRET', 'PORT']) assert.match(stderr, new RegExp(`\\b${name}\\b`));
  });

  test('an empty JWT_SECRET is none', async () => {
    const { code, stderr } = await start('ws-edge', { ...production, JWT_SECRET: '' });
    assert.equal(code, 1);
    assert.match(stderr, /JWT_SECRET/);
  });

  test('asks services who may join, when nothing else is said', async () => {
    const given = { ...production, JWT_SECRET: 'a-secret' };
    assert.equal((await checked('ws-edge', given)).code, 0);
    const { code, stderr } = await checked('ws-edge', { ...given, MESSAGE_SERVICE_URL: 'here' });
    assert.equal(code, 1);
    assert.match(stderr, /MESSAGE_SERVICE_URL/);
  });

  test('has no console', async () => {
    const given = { ...production, JWT_SECRET: 'a-secret', ROOM_AUTHORIZATION: 'claims' };
    const { code, stderr } = await checked('ws-edge', { ...given, DEV_CONSOLE: 'true' });
    assert.equal(code, 1);
    assert.match(stderr, /DEV_CONSOLE.*NODE_ENV=production/);
    assert.equal((await checked('ws-edge', { ...given, DEV_CONSOLE: 'false' })).code, 0);
  });
});

describe('ROOM_AUTHORIZATION=service', () => {
  const service = { ROOM_AUTHORIZATION: 'service' };
  const cases = [ // unit tests have more of each kind
    ['MESSAGE_SERVICE_URL', 'message-service:4006'],
    ['NOTIFICATION_SERVICE_URL', 'http://service/?a=b'],
    ['MESSAGE_SERVICE_PATH', '/api/conversations'],
    ['NOTIFICATION_SERVICE_PATH', '/{notificationId}'],
  ];
  for (const [name, value] of cases) {
    test(`${name}=${value} is named, with the way out`, async () => {
      const { code, stderr } = await checked('ws-edge', { ...service, [name]: value });
      assert.equal(code, 1);
      assert.match(stderr, new RegExp(`\\b${name}\\b.*ROOM_AUTHORIZATION=claims or open`));
    });
  }

  test('without it these variables mean nothing', async () => {
    const wrong = Object.fromEntries(cases);
    const { code, stderr } = await checked('ws-edge', { ...wrong, ROOM_AUTHORIZATION: 'claims' });
    assert.equal(code, 0, stderr);
  });

  test('a password in an address is not repeated', async () => {
    const { code, stderr } = await checked('ws-edge',
      { ...service, MESSAGE_SERVICE_URL: 'http://gateway:do-not-tell@service' });
    assert.equal(code, 1);
    assert.match(stderr, /MESSAGE_SERVICE_URL.*user/);
    assert.doesNotMatch(stderr, /do-not-tell/);
  });

  test('the file of certificates must be one', async () => {
    for (const file of ['/nowhere.pem', '.env']) {
      const { code, stderr } = await checked('ws-edge',
        { ...service, ROOM_AUTHORIZATION_CA_FILE: file }, { dotenv: '# none\n' });
      assert.equal(code, 1);
      assert.match(stderr, /ROOM_AUTHORIZATION_CA_FILE/);
    }
  });
});

describe('the file .env', () => {
  test('is read', async () => {
    const { code, stderr } = await checked('ws-edge', {}, { dotenv: 'PORT=nonsense\n' });
    assert.equal(code, 1);
    assert.match(stderr, /PORT.*"nonsense"/);
  });

  test('gives way to the environment', async () => {
    const { code } = await checked('ws-edge', { PORT: '3002' }, { dotenv: 'PORT=nonsense\n' });
    assert.equal(code, 0);
  });

  test('may have comments, quotes, export and blank lines', async () => {
    const dotenv = '# a comment\n\nexport LOG_LEVEL=debug\nCORS_ORIGIN="https://a.example" # tail\n'
      + "JWT_SECRET='with # and spaces'\nREDIS_PORT=6380\n";
    const { code, stderr } = await checked('ws-edge', {}, { dotenv });
    assert.equal(code, 0, stderr);
  });

  test('that makes no sense stops the start, with its line', async () => {
    const { code, stderr } = await checked('ws-relay', {},
      { dotenv: 'REDIS_DB=1\nthis is no setting\n' });
    assert.equal(code, 1);
    assert.match(stderr, /\.env.*2/);
  });
});

describe('an address that cannot be had', () => {
  async function taken(t) {
    const server = createServer();
    t.after(() => server.close());
    await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    return String(server.address().port);
  }

  for (const name of ['PORT', 'OPS_PORT']) {
    test(`${name} is taken: exit code 1 and a line that names it`, async (t) => {
      const port = await taken(t);
      const { code, stdout, stderr } = await start('ws-edge', {
        PORT: '0', OPS_PORT: '0', SERVICE_HOST: '127.0.0.1', REDIS_HOST: '127.0.0.1', [name]: port,
      });
      assert.equal(code, 1);
      assert.ok((stdout + stderr).includes(port), stdout + stderr);
    });
  }

  test('SERVICE_HOST is no address of this machine', async () => {
    const { code, stdout, stderr } = await start('ws-edge',
      { PORT: '0', OPS_PORT: '0', SERVICE_HOST: '192.0.2.1' });
    assert.equal(code, 1);
    assert.match(stdout + stderr, /192\.0\.2\.1/);
  });
});

for (const program of ['ws-edge', 'ws-relay']) {
  test(`${program} with a LOG_DIR that cannot be written names it`, async () => {
    const { code, stderr } = await start(program, { OPS_PORT: '0', LOG_DIR: '/proc/nowhere' });
    assert.equal(code, 1);
    assert.match(stderr, /\/proc\/nowhere.*LOG_DIR/);
  });
}

test('the HTTP API needs keys, and its file is checked without a word about them', async () => {
  const without = await checked('ws-relay', { API_PORT: '0' });
  assert.equal(without.code, 1);
  assert.match(without.stderr, /API_KEY_FILE is missing/);
  const dir = await mkdtemp(join(tmpdir(), 'settings-'));
  folders.push(dir);
  const path = join(dir, 'keys');
  await writeFile(path, 'a-key-of-twenty-letters\ntoo-short\n');
  const wrong = await checked('ws-relay', { API_PORT: '0', API_KEY_FILE: path });
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /API_KEY_FILE: line 2: a key has 16 to 512 characters/);
  assert.doesNotMatch(wrong.stderr, /too-short|a-key-of/);
  assert.equal((await checked('ws-relay', { API_KEY_FILE: path })).code, 0, 'off: not read');
  await writeFile(path, 'a-key-of-twenty-letters\n');
  const right = await checked('ws-relay', { API_PORT: '0', API_KEY_FILE: path });
  assert.equal(right.code, 0, right.stderr);
});
