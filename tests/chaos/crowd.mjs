// Thousands of cheap clients beside the official ones: the program chaos-crowd.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { token } from '../integration/support/tokens.mjs';
import { until } from '../integration/support/wait.mjs';

const START_MS = 60_000;
const JUMP = /^jump (\d+) (\d+) (\d+)$/gm;
const LAST = /^heard (\d+) closed (\d+) ready (\d+)$/m;

export class Crowd {
  constructor({ build, edges, count, rooms }) {
    this.count = count;
    this.output = '';
    const ports = edges.flatMap(({ port }) => ['--edge', String(port)]);
    this.child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', join(build, 'tests/chaos-crowd'),
      '--clients', String(count), '--rooms', String(rooms), ...ports],
    { env: { PATH: process.env.PATH, WS_TOKEN: token({ id: 'crowd' }, { expiresIn: 36_000 }) },
      stdio: ['pipe', 'pipe', 'inherit'] });
    this.child.stdout.setEncoding('utf8').on('data', (text) => { this.output += text; });
    this.ended = new Promise((resolve) => { this.child.on('close', resolve); });
  }

  ready() {
    return until('the crowd to be there', () => this.output.includes('ready\n'), START_MS);
  }

  // {heard, closed, ready, jumps: [{room, last, number}]}
  async end() {
    this.child.stdin.end();
    await this.ended;
    const [heard, closed, ready] = (LAST.exec(this.output) ?? []).slice(1).map(Number);
    const jumps = [...this.output.matchAll(JUMP)].map(([, room, last, number]) =>
      ({ room: `conversation:bench-${room}`, last: Number(last), number: Number(number) }));
    return { count: this.count, heard, closed, ready, jumps };
  }

  kill() {
    this.child.kill('SIGKILL');
  }
}
