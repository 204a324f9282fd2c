// What docs/deployment.md tells people to type, typed in a terminal of its own, as a person would. The repository's
// copy is the folder, see tests/containers/run.
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { until } from '../integration/support/wait.mjs';

const FILE = '--file compose/docker-compose.yml';
const PATIENCE_MS = 60_000;
const CTRL_C = '\x03';

// The line of the page that runs `program` in the container of tools, with other files of docker-compose if need be.
export async function toolsLine(program, files = [FILE]) {
  const { stdout } = await promisify(execFile)('tests/docs/commands', ['docs/deployment.md'],
    { cwd: process.env.SOURCES });
  const lines = stdout.split('\n').map((line) => line.replace(/^run\t/, ''))
    .filter((line) => line.includes(' run --rm tools ') && line.includes(program));
  if (lines.length !== 1) throw new Error(`docs/deployment.md types ${program} ${lines.length} times`);
  return lines[0].replace(FILE, files.join(' '));
}

// A command in a terminal. `output` is what it has shown until now.
export class Terminal {
  output = '';

  constructor(line) {
    this.line = line;
    this.child = spawn('script', ['--quiet', '--return', '--flush', '--command', line, '/dev/null'],
      { cwd: process.env.SOURCES });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream.on('data', (data) => { this.output += data; });
    this.ended = new Promise((resolve) => this.child.on('close', resolve));
  }

  async shows(pattern) {
    return until(`${pattern} of ${this.line}`, () => {
      const found = pattern.exec(this.output);
      if (!found) throw new Error(`it shows ${this.output}`);
      return found;
    }, PATIENCE_MS);
  }

  pressCtrlC() {
    this.child.stdin.write(CTRL_C);
  }

  // Resolves with what it has shown; throws when it ends badly.
  async end() {
    const status = await this.ended;
    if (status !== 0) throw new Error(`${this.line} ends with ${status}: ${this.output}`);
    return this.output;
  }
}

export async function type(line) {
  return new Terminal(line).end();
}

// Listens as the page says, does what makes an event, and sees it arrive. Resolves with the line of the listener.
export async function listenMeanwhile(files, what) {
  const listener = new Terminal(await toolsLine('ws-listen', files));
  try {
    await listener.shows(/connected to http:\/\/proxy:3002, socket /);
    await what();
    const [line] = await listener.shows(/\S+ booking_update \{.*\}/);
    listener.pressCtrlC();
    await listener.end();
    return line;
  } finally {
    listener.child.kill();
  }
}
