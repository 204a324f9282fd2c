// TLS to Redis: with the hiredis that has it, and by stunnel with the one that has not.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { startBrokers } from './support/brokers.mjs';
import { Child, run } from './support/child.mjs';
import { connect, newConversation } from './support/clients.mjs';
import { built, gateway } from './support/gateway.mjs';
import { freePort } from './support/ports.mjs';
import { command } from './support/redis.mjs';
import { until } from './support/wait.mjs';

const dir = await mkdtemp(join(tmpdir(), 'redis-tls-'));
const file = (name) => join(dir, name);
const openssl = (...args) => execFileSync('openssl', args, { stdio: 'pipe' });

// An authority, and what it has signed.
function authority(name) {
  openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${name}`,
    '-keyout', file(`${name}.key`), '-out', file(`${name}.crt`));
}

async function certificate(name, by, names) {
  await writeFile(file(`${name}.ext`), `subjectAltName=${names}\n`);
  openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${name}`, '-keyout', file(`${name}.key`),
    '-out', file(`${name}.csr`));
  openssl('x509', '-req', '-days', '2', '-in', file(`${name}.csr`), '-CA', file(`${by}.crt`),
    '-CAkey', file(`${by}.key`), '-CAcreateserial', '-extfile', file(`${name}.ext`),
    '-out', file(`${name}.crt`));
}

authority('ours');
authority('other');
await certificate('server', 'ours', 'DNS:localhost');
await certificate('gateway', 'ours', 'DNS:gateway');

const tlsPort = await freePort();
const brokers = await startBrokers(['redis'], ['--tls-port', String(tlsPort),
  '--tls-cert-file', file('server.crt'), '--tls-key-file', file('server.key'),
  '--tls-ca-cert-file', file('ours.crt'), '--tls-auth-clients', 'no']);
const made = await gateway({ brokers, edges: 0, relays: 0 });
after(() => rm(dir, { recursive: true, force: true }));

const NONE = { REDIS_HOST: '', REDIS_PORT: '' };
const CA = { REDIS_CA_FILE: file('ours.crt') };
const CLIENT = { REDIS_CERT_FILE: file('gateway.crt'), REDIS_KEY_FILE: file('gateway.key') };
const secure = { ...NONE, ...CA, REDIS_URL: `rediss://localhost:${tlsPort}` };

const { code } = await run(built('ws-edge'), ['--check-config'], { env: { REDIS_TLS: 'true' } });
const hasTls = code === 0;

async function works(t, env) {
  const relay = await made.addRelay(env);
  const edge = await made.addEdge(env);
  await Promise.all([relay.ready(), edge.ready()]);
  const room = newConversation();
  const client = await connect(t, edge, { userId: 'u1' });
  await client.join('conversation', room.id);
  await made.services.publish('message.sent', { conversationId: room.id, message: 'here' });
  assert.equal((await client.next('new_message')).message, 'here');
  const listed = await run(built('ws-control'), ['edges'], { env });
  assert.equal(listed.code, 0, listed.stderr);
  return [relay, edge];
}

const stop = (processes) => Promise.all(processes.map((process) => process.stop()));

async function tells(env, line) {
  const processes = [await made.addRelay(env), await made.addEdge(env)];
  for (const process of processes) {
    await until(`${process.program} to say so`, () => line.test(process.log));
    await process.stop();
  }
}

test('plain text where TLS is spoken is told', () =>
  tells({ REDIS_HOST: 'localhost', REDIS_PORT: String(tlsPort) }, /speaks TLS at this port.*rediss:/));

// A Sentinel that knows the primary by the name of its certificate, and asks it over TLS.
async function sentinel(t, name, listens) {
  const port = await freePort();
  await writeFile(file(`${name}.conf`), [...listens(port), 'bind 127.0.0.1', `dir ${dir}`,
    `tls-cert-file ${file('server.crt')}`, `tls-key-file ${file('server.key')}`,
    `tls-ca-cert-file ${file('ours.crt')}`, 'tls-auth-clients no', 'tls-replication yes',
    'sentinel resolve-hostnames yes', 'sentinel announce-hostnames yes',
    `sentinel monitor trips localhost ${tlsPort} 1`].join('\n'));
  const child = new Child('redis-server', [file(`${name}.conf`), '--sentinel'], { name });
  t.after(() => child.kill());
  return { ...NONE, ...CA, REDIS_TLS: 'true', REDIS_MASTER_NAME: 'trips',
    REDIS_SENTINELS: `localhost:${port}` };
}

describe('a hiredis with TLS', { skip: !hasTls }, () => {
  test('rediss:// and an authority', async (t) => stop(await works(t, secure)));

  test('REDIS_TLS and a host', async (t) => stop(await works(t, { ...CA, REDIS_TLS: 'true',
    REDIS_HOST: 'localhost', REDIS_PORT: String(tlsPort) })));

  test('a Sentinel over TLS, which names the primary', async (t) => stop(await works(t,
    await sentinel(t, 'sentinel', (port) => ['port 0', `tls-port ${port}`]))));

  test('a Sentinel that speaks plain text is told', async (t) => tells(
    await sentinel(t, 'plain-sentinel', (port) => [`port ${port}`]), /TLS at this port/));

  test('a long log is read by an edge that starts', async (t) => {
    const processes = await works(t, secure);
    const text = 'x'.repeat(20_000);
    for (let i = 0; i < 200; i++) {
      await made.services.publish('message.sent', { conversationId: 'long', message: text });
    }
    const logged = () => command(brokers.redis.port, ['XLEN', 'ws:log:{0}']);
    await until('all to be logged', async () => Number(await logged()) >= 200);
    const late = await made.addEdge(secure);
    await late.ready();
    await stop([late, ...processes]);
  });

  test('an authority that did not sign it is told', () =>
    tells({ ...secure, REDIS_CA_FILE: file('other.crt') }, /certificate is refused|certificate verify failed/));

  test('a certificate for another host is told', () =>
    tells({ ...secure, REDIS_URL: `rediss://127.0.0.1:${tlsPort}` },
      /certificate is refused|certificate verify failed/));

  test('TLS where plain text is spoken is told', () =>
    tells({ ...secure, REDIS_URL: `rediss://localhost:${brokers.redis.port}` },
      /TLS at this port/));

  test('a certificate of the client', async (t) => {
    await command(brokers.redis.port, ['CONFIG', 'SET', 'tls-auth-clients', 'yes']);
    await tells(secure, /unavailable, trying again/);
    await stop(await works(t, { ...secure, ...CLIENT }));
    await command(brokers.redis.port, ['CONFIG', 'SET', 'tls-auth-clients', 'no']);
  });

  test('a file that is none stops the start', async () => {
    for (const name of ['REDIS_CA_FILE', 'REDIS_CERT_FILE', 'REDIS_KEY_FILE']) {
      const result = await run(built('ws-relay'), ['--check-config'],
        { env: { ...secure, ...CLIENT, [name]: '/nowhere' } });
      assert.equal(result.code, 1);
      assert.match(result.stderr, new RegExp(`${name} "/nowhere" cannot be used`));
    }
  });

  test('a certificate without its key stops the start', async () => {
    const result = await run(built('ws-relay'), ['--check-config'],
      { env: { ...secure, ...CLIENT, REDIS_KEY_FILE: '' } });
    assert.equal(result.code, 1);
    assert.match(result.stderr, /REDIS_CERT_FILE and REDIS_KEY_FILE must be given together/);
  });
});

describe('a hiredis without TLS', { skip: hasTls }, () => {
  for (const program of ['ws-edge', 'ws-relay', 'ws-control']) {
    test(`${program} does not start, and names the way`, async () => {
      for (const env of [{ REDIS_TLS: 'true' }, { REDIS_URL: 'rediss://h' }]) {
        const args = program === 'ws-control' ? ['edges'] : ['--check-config'];
        const result = await run(built(program), args, { env });
        assert.notEqual(result.code, 0);
        assert.match(result.stderr, /Debian 13 .*stunnel.*docs\/deployment\.md/);
      }
    });
  }

  test('stunnel, as deployment.md has it', async (t) => {
    const page = await readFile(new URL('../../docs/deployment.md', import.meta.url), 'utf8');
    const port = await freePort();
    const recipe = /```ini\n(\[redis\][^]*?)```/.exec(page)[1]
      .replace('127.0.0.1:6380', `127.0.0.1:${port}`)
      .replace('redis.example.com:6379', `localhost:${tlsPort}`)
      .replace('/etc/ssl/certs/ca-certificates.crt', file('ours.crt'))
      .replace('redis.example.com', 'localhost');
    await writeFile(file('stunnel.conf'), `foreground = yes\npid =\n${recipe}`);
    const stunnel = new Child('stunnel4', [file('stunnel.conf')], { name: 'stunnel' });
    t.after(() => stunnel.kill());
    await stop(await works(t, { REDIS_HOST: '127.0.0.1', REDIS_PORT: String(port) }));
  });
});
