// The builds of both overlays hold to what checks.mjs says, and each check can fail.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as checks from './checks.mjs';
import { PLANTED } from './planted.mjs';
import { Manifests } from './support/manifests.mjs';

const OVERLAYS = ['development', 'production'];

const built = Object.fromEntries(OVERLAYS.map((name) =>
  [name, Manifests.build(`compose/kubernetes/overlays/${name}`)]));

for (const overlay of OVERLAYS) {
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
