// The programs of the release build: their settings, and whether they accept an environment.
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { ROOT } from './kubectl.mjs';

export const program = (name) =>
  join(resolve(ROOT, process.env.BUILD_DIR ?? 'build/release'), name);

function run(name, argument, env = {}) {
  return spawnSync(program(name), [argument],
    { encoding: 'utf8', cwd: '/', env: { PATH: process.env.PATH, ...env } });
}

const known = new Map();

// {NAME: default or undefined}, and the set of those that are secret, of --help.
export function settingsOf(name) {
  if (!known.has(name)) {
    const lines = run(name, '--help').stdout.split('\n');
    const defaults = {};
    const secrets = new Set();
    let current;
    for (const line of lines) {
      const setting = /^ {2}([A-Z][A-Z0-9_]*)(?:=(.*))?$/.exec(line);
      if (setting) {
        current = setting[1];
        defaults[current] = setting[2];
      } else if (/; a secret text$/.test(line)) {
        secrets.add(current);
        defaults[`${current}_FILE`] = undefined;
      }
    }
    known.set(name, { defaults, secrets });
  }
  return known.get(name);
}

// Why the program does not start with these settings, or ''.
export function refusal(name, env) {
  const { status, stderr } = run(name, '--check-config', env);
  return status === 0 ? '' : stderr.trim().replaceAll('\n', ' ');
}
