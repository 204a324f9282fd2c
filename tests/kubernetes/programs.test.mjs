// The programs, started with the environment that their pods get: they answer the probes, count what
// the autoscaler asks for, and end in time. Only addresses and the folder of the logs are other ones.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import YAML from 'yaml';
import { ROOT } from './support/kubectl.mjs';
import { Manifests, SECRET_VALUE, programOf } from './support/manifests.mjs';
import { program } from './support/programs.mjs';

const NOBODY = { REDIS_HOST: '127.0.0.1', REDIS_PORT: '1', RABBITMQ_HOST: '127.0.0.1', RABBITMQ_PORT: '1' };

const metricOfAutoscaler = (m) => m.get('HorizontalPodAutoscaler', 'edge').spec.metrics
  .find(({ type }) => type === 'Pods').pods.metric.name;

// `what` as the program's log calls the port.
async function portOf(what, child, output) {
  for (let tries = 0; tries < 200; tries++) {
    const port = new RegExp(`${what} open [^"]*port=(\\d+)`).exec(output())?.[1];
    if (port) return port;
    assert.equal(child.exitCode, null, output());
    await sleep(50);
  }
  throw new Error(`no ${what}: ${output()}`);
}

// Starts the container's program, lets `use` ask one of its ports, and ends it as Kubernetes does.
async function inPod(t, m, workload, use, what = 'operations port') {
  const [container] = workload.spec.template.spec.containers;
  const folder = mkdtempSync(join(tmpdir(), 'pod-'));
  let output = '';
  const env = { ...m.environment(container), ...NOBODY, LOG_DIR: folder, SERVICE_HOST: '127.0.0.1' };
  for (const name of ['PORT', 'OPS_PORT', 'API_PORT']) if (name in env) env[name] = '0';
  const child = spawn(program(programOf(container)), [], { env, cwd: folder });
  t.after(() => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => { output += text; });
  const ended = new Promise((resolve) => { child.on('close', resolve); });
  const url = `http://127.0.0.1:${await portOf(what, child, () => output)}`;
  await use(container, (path, options) => fetch(url + path, options));
  child.kill('SIGTERM');
  assert.equal(await ended, 0, output);
}

for (const overlay of ['development', 'production']) {
  describe(overlay, () => {
    const m = Manifests.build(`compose/kubernetes/overlays/${overlay}`);
    for (const workload of m.gateway) {
      test(`${workload.metadata.name} answers its probes`, async (t) => {
        await inPod(t, m, workload, async (container, get) => {
          assert.equal((await get(container.livenessProbe.httpGet.path)).status, 200);
          assert.equal((await get(container.startupProbe.httpGet.path)).status, 200);
          const ready = await get(container.readinessProbe.httpGet.path);
          assert.equal(ready.status, 503, 'not without brokers');
          assert.match(await ready.text(), /Redis|bus|relay|subscribed/i);
        });
      });
    }
  });
}

test('the HTTP API takes the key of the Secret', async (t) => {
  const m = Manifests.build('tests/kubernetes/api');
  await inPod(t, m, m.get('Deployment', 'relay'), async (container, get) => {
    const headers = { Authorization: `Bearer ${SECRET_VALUE}` };
    assert.equal((await get('/v1/edges')).status, 401);
    assert.equal((await get('/v1/edges', { headers })).status, 503, 'not without brokers');
  }, 'HTTP API');
});

test('the edge has the metric of the autoscaler, and the adapter passes it on', async (t) => {
  const m = Manifests.build('compose/kubernetes/overlays/production');
  const metric = metricOfAutoscaler(m);
  await inPod(t, m, m.get('Deployment', 'edge'), async (container, get) => {
    const [{ path }] = m.get('ServiceMonitor', 'websocket-gateway').spec.endpoints;
    assert.match(await (await get(path)).text(), new RegExp(`^${metric} \\d+$`, 'm'));
  });
  const file = join(ROOT, 'compose/kubernetes/components/autoscaling/adapter-values.yaml');
  const [rule] = YAML.parse(readFileSync(file, 'utf8')).rules.custom;
  assert.equal(rule.name.as, metric);
  assert.match(metric, new RegExp(rule.name.matches));
  assert.ok(rule.seriesQuery.startsWith(`${metric}{`));
  assert.deepEqual(Object.keys(rule.resources.overrides), ['namespace', 'pod']);
});
