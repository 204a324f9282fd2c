// What kustomize makes of a folder, and questions about it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import YAML from 'yaml';
import { kubectl } from './kubectl.mjs';

// In place of what the operator keeps in the Secret.
export const SECRET_VALUE = 'from-the-secret-of-the-tests';
const FOLDER = mkdtempSync(join(tmpdir(), 'secrets-'));
const SECRET_FILE = join(FOLDER, 'secret');
writeFileSync(SECRET_FILE, SECRET_VALUE);
process.on('exit', () => rmSync(FOLDER, { recursive: true }));

export const labelsFit = ({ matchLabels = {}, matchExpressions = [] } = {}, labels = {}) =>
  Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
  matchExpressions.every(({ key, operator, values }) => {
    if (operator !== 'In') throw new Error(`operator ${operator} is not understood here`);
    return values.includes(labels[key]);
  });

export class Manifests {
  constructor(resources) {
    this.resources = resources;
  }

  static build(folder) {
    const text = kubectl(['kustomize', folder]);
    return new Manifests(YAML.parseAllDocuments(text).map((document) => {
      if (document.errors.length > 0) throw document.errors[0];
      return document.toJS();
    }));
  }

  copy() {
    return new Manifests(structuredClone(this.resources));
  }

  all(...kinds) {
    return this.resources.filter(({ kind }) => kinds.includes(kind));
  }

  get(kind, name) {
    return this.resources.find((r) => r.kind === kind && r.metadata.name === name);
  }

  // Everything that makes pods.
  get workloads() {
    return this.all('Deployment', 'StatefulSet');
  }

  // The Deployments of the gateway's own programs.
  get gateway() {
    return this.workloads.filter(({ spec }) => programOf(spec.template.spec.containers[0]));
  }

  workloadsOf(selector) {
    return this.workloads.filter(({ spec }) => labelsFit(selector, spec.template.metadata.labels));
  }

  // {NAME: value} as the container gets it.
  environment(container) {
    const env = {};
    for (const { configMapRef } of container.envFrom ?? []) {
      const map = this.get('ConfigMap', configMapRef.name);
      if (!map) throw new Error(`there is no ConfigMap ${configMapRef.name}`);
      Object.assign(env, map.data);
    }
    for (const { name, value, valueFrom } of container.env ?? []) {
      if (value?.startsWith('/run/secrets/')) env[name] = SECRET_FILE;
      else env[name] = valueFrom?.secretKeyRef ? SECRET_VALUE : value;
    }
    return env;
  }

  // [{secret, key}] of all containers.
  secretKeys() {
    return this.workloads.flatMap(({ spec }) => spec.template.spec.containers)
      .flatMap((container) => container.env ?? [])
      .filter(({ valueFrom }) => valueFrom?.secretKeyRef)
      .map(({ valueFrom }) => valueFrom.secretKeyRef);
  }
}

// ws-edge or ws-relay, if the container is of the gateway.
export const programOf = ({ image }) =>
  ({ edge: 'ws-edge', relay: 'ws-relay' })[/websocket-gateway\/(\w+):/.exec(image)?.[1]];

// The number of a port that a probe, a Service or a policy names.
export const portOf = (workload, port) => (typeof port === 'number' ? port
  : workload.spec.template.spec.containers.flatMap(({ ports = [] }) => ports)
    .find(({ name }) => name === port)?.containerPort);
