// The profile "monitoring", beside three edges and two relays: Prometheus at work, and what
// Grafana is given. tests/containers/run starts it.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { until } from '../integration/support/wait.mjs';
import { containers, inside, untilHealthy } from './stack.mjs';

const FILES = new URL('../../compose/monitoring/grafana/', import.meta.url);
const TARGETS = { edge: 3, relay: 2 };

async function ask(what) {
  const answer = await fetch(`http://127.0.0.1:9090/api/v1/${what}`);
  return (await answer.json()).data;
}

test('Prometheus finds every edge and relay, and knows the alerts', async (t) => {
  await untilHealthy();
  await until('all targets to be up', async () => {
    const up = (await ask('targets')).activeTargets.filter(({ health }) => health === 'up');
    const count = (job) => up.filter(({ labels }) => labels.job === job).length;
    assert.deepEqual({ edge: count('edge'), relay: count('relay') }, TARGETS);
    return true;
  }, 60_000);
  const rules = (await ask('rules')).groups.flatMap((group) => group.rules);
  assert.ok(rules.length > 0);
  t.diagnostic(`${rules.length} alerts; targets ${JSON.stringify(TARGETS)}`);
});

// The stand-in of Grafana shows it at its port.
test('Grafana is given its data source and its dashboard', async () => {
  for (const file of ['provisioning/datasources/prometheus.yml',
    'provisioning/dashboards/gateway.yml', 'dashboards/gateway.json']) {
    const answer = await fetch(`http://127.0.0.1:3000/${file}`);
    assert.equal(await answer.text(), await readFile(new URL(file, FILES), 'utf8'));
  }
  const [grafana] = await containers('grafana');
  const prometheus = 'http://prometheus:9090/-/ready';
  assert.match(await inside(grafana, 'wget', '-q', '-O', '-', prometheus), /Ready/);
});

test('Prometheus and Grafana are not root and write only where they must', async (t) => {
  const places = { prometheus: '/prometheus', grafana: '/var/lib/grafana' };
  for (const [service, place] of Object.entries(places)) {
    const [container] = await containers(service);
    const uid = await inside(container, 'id', '-u');
    assert.ok(Number(uid) > 0, service);
    assert.equal(await inside(container, 'touch', '/written'), false, service);
    assert.notEqual(await inside(container, 'touch', `${place}/written`), false, service);
    t.diagnostic(`${service}: uid ${uid}`);
  }
});
