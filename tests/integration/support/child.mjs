// Programs that the tests start. None of them outlives the test: the kernel ends a child when
// its parent dies (setpriv), whatever way the parent went.
import { spawn } from 'node:child_process';
import { PATIENCE_MS, within } from './wait.mjs';

// What a program may inherit. Everything else is given, so that a variable of the developer's
// shell never changes what a test sees.
const INHERITED = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'ASAN_OPTIONS', 'LSAN_OPTIONS',
  'UBSAN_OPTIONS'];

export function bareEnvironment() {
  return Object.fromEntries(INHERITED.filter((name) => process.env[name] !== undefined)
    .map((name) => [name, process.env[name]]));
}

export class Child {
  constructor(command, args, { env = {}, cwd, name } = {}) {
    this.name = name ?? command;
    this.stdout = '';
    this.stderr = '';
    this.process = spawn('setpriv', ['--pdeathsig', 'KILL', '--', command, ...args], {
      cwd,
      env: { ...bareEnvironment(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process.stdout.setEncoding('utf8').on('data', (text) => { this.stdout += text; });
    this.process.stderr.setEncoding('utf8').on('data', (text) => { this.stderr += text; });
    this.exited = new Promise((resolve) => {
      this.process.on('error', (error) => {
        this.stderr += `${error.message}\n`;
        resolve({ code: -1, signal: null });
      });
      // 'close' and not 'exit': all that it printed has been read by then.
      this.process.on('close', (code, signal) => resolve({ code, signal }));
    });
    this.exited.then((status) => { this.status = status; });
  }

  get pid() {
    return this.process.pid;
  }

  get running() {
    return this.status === undefined;
  }

  get output() {
    return this.stdout + this.stderr;
  }

  signal(name) {
    if (this.running) this.process.kill(name);
  }

  // Sends the signal and waits for the end; a program that does not care is killed.
  async stop(signal = 'SIGTERM', ms = PATIENCE_MS) {
    this.signal(signal);
    try {
      return await within(`the end of ${this.name} after ${signal}`, this.exited, ms);
    } catch (error) {
      this.signal('SIGKILL');
      await this.exited;
      throw error;
    }
  }

  async kill() {
    return this.stop('SIGKILL');
  }
}

// Runs a program to its end.
export async function run(command, args, options) {
  const child = new Child(command, args, options);
  const status = await within(`the end of ${child.name}`, child.exited, options?.ms);
  return { ...status, stdout: child.stdout, stderr: child.stderr };
}
