// The builds of both overlays, and of production with TLS to the brokers and with the HTTP API, hold to
// what checks.mjs says, and each check can fail.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as checks from './checks.mjs';
import { PLANTED } from './planted.mjs';
import { Manifests } from './support/manifests.mjs';

const FOLDERS = {
  development: 'compose/kubernetes/overlays/development',
  production: 'compose/kubernetes/overlays/production',
  tls: 'tests/kubernetes/tls',
  api: 'tests/kubernetes/api',
};

const built = Object.fromEntries(Object.entries(FOLDERS).map(([name, folder]) =>
  [name, Manifests.build(folder)]));

for (const overlay of Object.keys(FOLDERS)) {
  describe(overlay, () => {
    for (const [name, check] of Object.entries(checks)) {
      test(name, () => {
        assert.deepEqual([...check(built[overlay])], []);
      });
    }
  });
}

test('production differs where it must', () => {
  const edge = (overlay) => {
    const m = built[overlay];
    return m.environment(m.get('Deployment', 'edge').spec.template.spec.containers[0]);
  };
  assert.equal(edge('development').ROOM_AUTHORIZATION, 'open');
  assert.equal(edge('production').ROOM_AUTHORIZATION, 'service');
  assert.equal(edge('production').NODE_ENV, 'production');
  assert.equal(built.production.all('StatefulSet').length, 0);
  assert.equal(built.production.all('HorizontalPodAutoscaler').length, 1);
  assert.equal(built.development.get('Deployment', 'edge').spec.replicas, 1);
});

test('with the component, relays and edges speak TLS', () => {
  const [edge, relay] = ['edge', 'relay'].map((name) =>
    built.tls.environment(built.tls.get('Deployment', name).spec.template.spec.containers[0]));
  for (const env of [edge, relay]) {
    assert.equal(env.REDIS_TLS, 'true');
    assert.equal(env.REDIS_CA_FILE, '/run/secrets/brokers-tls/redis-ca.pem');
    assert.equal(env.RABBITMQ_PORT, '5671');
  }
  assert.equal(relay.RABBITMQ_TLS, 'true');
  assert.equal(relay.RABBITMQ_CA_FILE, '/run/secrets/brokers-tls/rabbitmq-ca.pem');
  assert.equal(relay.RABBITMQ_HOST, 'rabbitmq.example.com');
});

test('without the component, the HTTP API is off', () => {
  const relay = (m) => m.environment(m.get('Deployment', 'relay').spec.template.spec.containers[0]);
  assert.equal(relay(built.api).API_PORT, '9104');
  assert.equal(relay(built.production).API_PORT, undefined);
  assert.equal(built.production.get('Service', 'relay-api'), undefined);
});

describe('a planted fault is found:', () => {
  for (const { what, check, overlay = 'production', plant, says } of PLANTED) {
    test(`${check}: ${what}`, () => {
      const copy = built[overlay].copy();
      plant(copy);
      const faults = [...checks[check](copy)];
      assert.ok(faults.some((fault) => fault.includes(says)), `"${says}" is not in ${faults}`);
    });
  }
});

test('each check has a planted fault', () => {
  assert.deepEqual(Object.keys(checks).filter((name) =>
    !PLANTED.some(({ check }) => check === name)), []);
});
