// The command line of both programs.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { run } from './support/child.mjs';
import { built } from './support/gateway.mjs';

const cwd = await mkdtemp(join(tmpdir(), 'cli-'));
after(() => rm(cwd, { recursive: true, force: true }));

const documented = {
  'ws-edge': ['NODE_ENV', 'PORT', 'SERVICE_HOST', 'JWT_SECRET', 'REDIS_HOST', 'REDIS_PORT',
    'REDIS_PASSWORD', 'REDIS_DB', 'CORS_ORIGIN', 'LOG_LEVEL', 'LOG_DIR', 'LOG_FORMAT',
    'ALLOW_AUTH_WITHOUT_JWT', 'METRICS_ENABLED', 'METRICS_ROOMS', 'ROOM_AUTHORIZATION',
    'MESSAGE_SERVICE_URL', 'NOTIFICATION_SERVICE_URL',
    'PING_INTERVAL', 'PING_TIMEOUT', 'UPGRADE_TIMEOUT', 'CONNECT_TIMEOUT', 'MAX_PAYLOAD',
    'MAX_OUTBOX_BYTES', 'DRAIN_SECONDS', 'BUS_SHARDS', 'OPS_PORT'],
  'ws-relay': ['RABBITMQ_HOST', 'RABBITMQ_PORT', 'RABBITMQ_USER', 'RABBITMQ_PASSWORD',
    'RABBITMQ_VHOST', 'RABBITMQ_EXCHANGES', 'EVENT_ROUTES_FILE', 'MAX_EVENT_BYTES',
    'RELAY_PREFETCH', 'REDIS_HOST', 'REDIS_PORT', 'REDIS_PASSWORD', 'REDIS_DB', 'LOG_LEVEL',
    'LOG_DIR', 'LOG_FORMAT', 'BUS_SHARDS', 'OPS_PORT', 'DRAIN_SECONDS'],
};

for (const [name, variables] of Object.entries(documented)) {
  describe(name, () => {
    const call = (args, env = {}) => run(built(name), args, { cwd, env });

    test('--help names every variable and exits 0', async () => {
      const { code, stdout, stderr } = await call(['--help']);
      assert.equal(code, 0);
      assert.equal(stderr, '');
      assert.match(stdout, new RegExp(`^Usage: ${name}`));
      const missing = variables.filter((variable) =>
        !new RegExp(`^\\s*${variable}(=|$|\\s)`, 'm').test(stdout));
      assert.deepEqual(missing, []);
    });

    test('--help shows the defaults', async () => {
      const { stdout } = await call(['--help']);
      assert.match(stdout, /REDIS_HOST=redis$/m);
      assert.match(stdout, /REDIS_PORT=6379$/m);
      assert.match(stdout, /REDIS_DB=1$/m);
      assert.match(stdout, /LOG_LEVEL=info$/m);
      assert.match(stdout, /LOG_DIR=logs$/m);
    });

    test('--version says which and exits 0', async () => {
      const { code, stdout } = await call(['--version']);
      assert.equal(code, 0);
      assert.equal(stdout, `${name} 1.0.0\n`);
    });

    test('--check-config with right settings exits 0 and starts nothing', async () => {
      const { code, stderr } = await call(['--check-config'], { OPS_PORT: '1', PORT: '1' });
      assert.equal(code, 0, stderr);
    });

    test('--check-config with a wrong setting exits 1 and names it', async () => {
      const { code, stderr } = await call(['--check-config'], { REDIS_PORT: 'six' });
      assert.equal(code, 1);
      assert.match(stderr, /REDIS_PORT.*"six"/);
    });

    test('an unknown argument exits 2 and is named', async () => {
      for (const argument of ['--port', 'now', '-x']) {
        const { code, stderr } = await call([argument]);
        assert.equal(code, 2);
        assert.ok(stderr.includes(`"${argument}"`), stderr);
        assert.match(stderr, /--help/);
      }
    });
  });
}
