// TLS to RabbitMQ: the server is verified, events flow, and each way in which it can fail is said.
// Begins early: RabbitMQ takes a while to start.
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { sharedBrokers } from './support/brokers.mjs';
import { Authority } from './support/certificates.mjs';
import { run } from './support/child.mjs';
import { connect } from './support/clients.mjs';
import { built, gateway } from './support/gateway.mjs';
import { RabbitMq } from './support/rabbitmq.mjs';
import { Services } from './support/services.mjs';
import { until } from './support/wait.mjs';

const dir = await mkdtemp(join(tmpdir(), 'rabbitmq-tls-'));
const ours = new Authority(join(dir, 'ours'));
const other = new Authority(join(dir, 'other'), 'other');
const NAMES = ['DNS:localhost'];
const server = ours.issue('server', { names: NAMES });
const client = ours.issue('client');
const stranger = other.issue('stranger');

const tls = { ca: ours.certificate, ...server };
const [open, strict] = await Promise.all([RabbitMq.start(join(dir, 'open'), tls),
  RabbitMq.start(join(dir, 'strict'), { ...tls, clients: true })]);
after(() => strict.stop());

const brokers = { redis: sharedBrokers().redis, rabbitmq: open, stop: async () => {
  await open.stop();
  await rm(dir, { recursive: true, force: true });
} };
const made = await gateway({ brokers, relays: 0, edges: 0 });

const TLS = { RABBITMQ_TLS: 'true', RABBITMQ_HOST: 'localhost', RABBITMQ_PORT: String(open.tlsPort),
  RABBITMQ_CA_FILE: ours.certificate };
const STRICT = { ...TLS, RABBITMQ_PORT: String(strict.tlsPort) };
const CERTIFICATE = { RABBITMQ_CERT_FILE: client.certificate, RABBITMQ_KEY_FILE: client.key };

describe('what fails is said, with the way out', () => {
  const cases = [
    ['TLS where plain text is spoken', { ...TLS, RABBITMQ_PORT: String(open.port) },
      /does not speak TLS at this port; set RABBITMQ_PORT to its port for TLS, or RABBITMQ_TLS=false/],
    ['plain text where TLS is spoken', { RABBITMQ_PORT: String(open.tlsPort) },
      /speaks TLS at this port; set RABBITMQ_TLS=true/],
    ['an authority that is not trusted', { ...TLS, RABBITMQ_CA_FILE: other.certificate },
      /authority that is not trusted \(.*\); name its certificate in RABBITMQ_CA_FILE/],
    ['an authority that the system does not know', { ...TLS, RABBITMQ_CA_FILE: '' },
      /authority that is not trusted .*RABBITMQ_CA_FILE/],
    ['another host name', { ...TLS, RABBITMQ_HOST: '127.0.0.1' },
      /certificate is not for the host 127\.0\.0\.1; set RABBITMQ_HOST/],
    ['no certificate where one is wanted', STRICT,
      /wants a certificate of the client.*RABBITMQ_CERT_FILE and RABBITMQ_KEY_FILE/],
    ['a certificate that the server does not trust', { ...STRICT,
      RABBITMQ_CERT_FILE: stranger.certificate, RABBITMQ_KEY_FILE: stranger.key },
      /refuses the certificate in RABBITMQ_CERT_FILE/],
  ];
  for (const [name, env, words] of cases) {
    test(name, async () => {
      const relay = await made.addRelay(env);
      await until('its line', () => words.test(relay.log) || /available again|consuming|standing by/.test(relay.log));
      assert.match(relay.log, words);
      const { code, stderr } = await run(built('ws-publish'), ['a.b', '{}'],
        { env: { ...made.env, ...env }, cwd: dir });
      assert.equal(code, 1);
      assert.match(stderr, words);
      await relay.stop();
    });
  }
});

async function passesEvents(t, relay, edge, id) {
  const listener = await connect(t, edge, { userId: 'u1' });
  const large = 'x'.repeat(3_000_000); // many records of TLS
  await made.services.publish('booking.confirmed', { bookingId: `${id}-a`, userId: 'u1', details: large });
  await made.services.publish('booking.confirmed', { bookingId: `${id}-b`, userId: 'u1' });
  for (const part of ['a', 'b']) {
    assert.equal((await listener.next('booking_update')).bookingId, `${id}-${part}`);
  }
}

describe('over TLS', () => {
  test('events arrive, large ones too, and tools work', async (t) => {
    const relay = await made.addRelay(TLS);
    const edge = await made.addEdge();
    await relay.ready();
    await edge.ready();
    await passesEvents(t, relay, edge, 'first');
    const listener = await connect(t, edge, { userId: 'u2' });
    const { code, stderr } = await run(built('ws-publish'),
      ['booking.confirmed', '{"bookingId":"of-the-tool","userId":"u2"}'],
      { env: { ...made.env, ...TLS }, cwd: dir });
    assert.equal(code, 0, stderr);
    assert.equal((await listener.next('booking_update')).bookingId, 'of-the-tool');
    const letters = await run(built('ws-dead-letters'), ['list'], { env: { ...made.env, ...TLS }, cwd: dir });
    assert.equal(letters.code, 0, letters.stderr);
  });

  test('a certificate that has expired is said, and one that is renewed taken', async (t) => {
    const relay = made.relays.at(-1);
    const edge = made.edges.at(-1);
    const valid = ours.issue('renewed', { names: NAMES });
    const expired = ours.issue('expired', { names: NAMES, days: 0 });
    await made.services.close();
    await open.child.stop();
    await copyFile(expired.certificate, server.certificate);
    await copyFile(expired.key, server.key);
    await open.start();
    await until('its line', () => /certificate.*has expired; renew it/.test(relay.log));
    await open.child.stop();
    await copyFile(valid.certificate, server.certificate);
    await copyFile(valid.key, server.key);
    await open.start();
    await relay.ready();
    made.services = await Services.connect(brokers);
    await passesEvents(t, relay, edge, 'second');
    await relay.stop();
  });

  test('RABBITMQ_URL says all of it', async (t) => {
    const none = { RABBITMQ_HOST: '', RABBITMQ_PORT: '', RABBITMQ_CA_FILE: ours.certificate };
    const url = (scheme, port) => `${scheme}://guest:g%75est@localhost:${port}/%2f`;
    const cases = [{ ...none, RABBITMQ_URL: url('amqps', open.tlsPort) },
      { ...none, RABBITMQ_CA_FILE: '', RABBITMQ_URL: url('amqp', open.port) }];
    for (const env of cases) {
      const relay = await made.addRelay(env);
      await relay.ready();
      const { code, stderr } = await run(built('ws-dead-letters'), ['list'],
        { env: { ...made.env, ...env }, cwd: dir });
      assert.equal(code, 0, stderr);
      await relay.stop();
    }
  });

  test('RABBITMQ_HOSTS: each certificate is for its own host', async () => {
    const hosts = ['127.0.0.1', 'localhost'].map((host) => `${host}:${open.tlsPort}`);
    const env = { RABBITMQ_TLS: 'true', RABBITMQ_HOST: '', RABBITMQ_PORT: '',
      RABBITMQ_HOSTS: hosts.join(), RABBITMQ_CA_FILE: ours.certificate };
    const relay = await made.addRelay(env);
    await relay.ready();
    await relay.logs(/RabbitMQ at 127\.0\.0\.1.*certificate is not for the host 127\.0\.0\.1/);
    await relay.logs(/consuming from RabbitMQ host=localhost/);
    const { code, stderr } = await run(built('ws-dead-letters'), ['list'],
      { env: { ...made.env, ...env }, cwd: dir });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /127\.0\.0\.1.*certificate is not for the host 127\.0\.0\.1/);
    await relay.stop();
  });

  test('a client certificate opens a broker that wants one', async (t) => {
    const relay = await made.addRelay({ ...STRICT, ...CERTIFICATE });
    await relay.ready();
    const letters = await run(built('ws-dead-letters'), ['list'],
      { env: { ...made.env, ...STRICT, ...CERTIFICATE }, cwd: dir });
    assert.equal(letters.code, 0, letters.stderr);
    await relay.stop();
  });
});
