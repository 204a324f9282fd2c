// The kubectl commands of docs/deployment.md, and those that the table of docs/operations.md makes of
// its commands. There is no cluster here: what can be done without one is done, and of the others it
// is looked up whether what they name is there.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import YAML from 'yaml';
import { ROOT, kubectl } from './support/kubectl.mjs';
import { Manifests } from './support/manifests.mjs';

const OVERLAYS = 'compose/kubernetes/overlays';
const withFiles = ['tls', 'api'].map((name) => Manifests.build(`tests/kubernetes/${name}`));
const production = Manifests.build(`${OVERLAYS}/production`);
const both = new Manifests([...production.resources,
  ...Manifests.build(`${OVERLAYS}/development`).resources]);

// As the shell would split it, with what it would put in.
const words = (line) => execFileSync('bash', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' })
  .split('\0').slice(1, -1);

const commandsOf = (...args) => execFileSync(join(ROOT, 'tests/docs/commands'), args,
  { cwd: ROOT, encoding: 'utf8' }).split('\n')
  .filter((line) => line.startsWith('run\tkubectl ')).map((line) => line.slice('run\t'.length));
const documented = commandsOf('docs/deployment.md');
const operators = commandsOf('--as', 'kubectl', 'docs/operations.md', 'docs/runbook.md');

const KINDS = { deployment: 'Deployment', statefulset: 'StatefulSet', service: 'Service', hpa: 'HorizontalPodAutoscaler' };

// `files` are in the folder where it is typed.
function dryRun(line, files = []) {
  const cwd = mkdtempSync(join(tmpdir(), 'documented-'));
  try {
    for (const name of files) writeFileSync(join(cwd, name), 'a certificate');
    return YAML.parse(execFileSync('bash', ['-c', `${line} --dry-run=client --output=yaml`],
      { cwd, encoding: 'utf8' }));
  } finally {
    rmSync(cwd, { recursive: true });
  }
}

// A Secret of files has those that are mounted from it.
function makesSecretOfFiles(line, files) {
  const secret = dryRun(line, files);
  const mounted = withFiles.flatMap(({ workloads }) => workloads)
    .flatMap(({ spec }) => spec.template.spec.volumes ?? [])
    .filter((volume) => volume.secret?.secretName === secret.metadata.name)
    .flatMap((volume) => volume.secret.items.map(({ key }) => key));
  assert.equal(secret.metadata.namespace, 'websocket-gateway');
  assert.deepEqual(Object.keys(secret.data).sort(), [...new Set(mounted)].sort());
}

function makesSecret(line) {
  const files = [...line.matchAll(/--from-file=(\S+)/g)].map(([, name]) => name);
  if (files.length > 0) {
    makesSecretOfFiles(line, files);
    return;
  }
  const secret = dryRun(line);
  assert.equal(secret.metadata.namespace, 'websocket-gateway');
  const made = Object.keys(secret.data).map((key) => `${secret.metadata.name}/${key}`);
  for (const key of made) assert.ok(secret.data[key.split('/')[1]].length > 0, key);
  const wanted = new Set(both.secretKeys().filter(({ optional }) => !optional)
    .map(({ name, key }) => `${name}/${key}`));
  assert.deepEqual(made.sort(), [...wanted].sort());
}

function applies([, option, path]) {
  if (option === '-k') {
    assert.ok(Manifests.build(path).resources.length > 0);
  } else {
    const { kind, metadata } = YAML.parse(readFileSync(join(ROOT, path), 'utf8'));
    assert.ok(production.get(kind, metadata.name), `${path} is not part of production`);
  }
}

function asksForMetric(path) {
  const [, group, , , namespace, , , metric] = path.split('/').slice(1);
  assert.equal(group, 'custom.metrics.k8s.io');
  assert.equal(namespace, 'websocket-gateway');
  assert.equal(metric, 'ws_edge_sockets');
}

// KIND/NAME, or KIND NAME behind a verb, and labels.
function namesWhatIsThere(args) {
  const named = args.filter((arg) => /^[a-z]+\/[\w-]+$/.test(arg));
  const labels = args.filter((arg) => arg.startsWith('app.kubernetes.io/'));
  assert.ok(named.length + labels.length > 0, 'names nothing that is known here');
  for (const [kind, name] of named.map((arg) => arg.split('/'))) {
    assert.ok(both.get(KINDS[kind], name), `there is no ${kind}/${name}`);
  }
  for (const [key, value] of labels.map((arg) => arg.split('='))) {
    assert.ok(both.workloadsOf({ matchLabels: { [key]: value } }).length > 0, `${key}=${value}`);
  }
}

for (const line of documented) {
  test(line, () => {
    const args = words(line);
    const alone = ['apply', 'kustomize'].includes(args[0]); // the manifests name the namespace
    if (!alone) assert.deepEqual(args.slice(0, 2), ['--namespace', 'websocket-gateway']);
    const [verb, ...rest] = alone ? args : args.slice(2);
    if (verb === 'create' && rest[0] === 'secret') makesSecret(line);
    else if (verb === 'apply') applies(args);
    else if (verb === 'kustomize') assert.ok(kubectl(args).length > 0);
    else if (rest[0] === '--raw') asksForMetric(rest.at(-1));
    else namesWhatIsThere(rest);
  });
}

// A pod of a StatefulSet by its name, or one of a Deployment.
function workloadOf(target) {
  const [kind, name] = target.includes('/') ? target.split('/') : ['statefulset', target.replace(/-0$/, '')];
  const workload = both.get(KINDS[kind], name);
  assert.ok(workload, `there is no ${target}`);
  return workload.spec.template.spec.containers[0];
}

const dockerfile = readFileSync(join(ROOT, 'compose/Dockerfile'), 'utf8');

// Of an image of ours: what its stage, or the one that all share, installs or copies.
function imageHas(image, program) {
  const stage = /^websocket-gateway\/(\w+):|\/websocket-gateway\/(\w+):/.exec(image);
  if (!stage) return ['redis-cli', 'rabbitmqctl'].includes(program);
  return [stage[1] ?? stage[2], 'runtime'].some((name) =>
    new RegExp(`AS ${name}\\n[^]*?(?=\\nFROM|$)`).exec(dockerfile)[0]
      .split(/[\s/]+/).includes(program));
}

for (const line of operators) {
  test(line, () => {
    const [namespace, value, verb, target, ...rest] = words(line);
    assert.deepEqual([namespace, value], ['-n', 'websocket-gateway']);
    const container = workloadOf(target);
    if (verb === 'logs') return;
    assert.deepEqual([verb, rest[0]], ['exec', '--']);
    assert.ok(imageHas(container.image, rest[1]), `${container.image} has no ${rest[1]}`);
    const port = /^http:\/\/127\.0\.0\.1:(\d+)\//.exec(rest.at(-1))?.[1];
    assert.ok(!port || container.ports.some(({ containerPort }) => `${containerPort}` === port), port);
    if (rest[1] === 'redis-cli') assert.ok(container.env.some(({ name }) => name === 'REDISCLI_AUTH'));
  });
}

test('the pages have commands', () => {
  assert.ok(operators.length >= 15, operators.join('\n'));
  assert.ok(documented.length >= 5, documented.join('\n'));
});
