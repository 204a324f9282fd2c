// Runs the integration tests in lanes: each has brokers of its own and runs one test file after the
// other. Files that measure time come last, one by one: a line "// Runs alone: …" says why. Long ones
// come first, so that no lane ends long after the others: a line "// Begins early: …" says why.
//
//     node tests/integration/run.mjs                 all files
//     node tests/integration/run.mjs rooms typing    rooms.test.mjs and typing.test.mjs
//     BUILD_DIR=build/debug node …/run.mjs           the programs of another build
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startBrokers } from './support/brokers.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const SUFFIX = '.test.mjs';
const LANES = 5; // two cores do: a test mostly waits

// Ports are shared out (support/ports.mjs): what is started here has the first share, for whoever picks
// a port must not pick one that a broker of another lane is about to use.
process.env.TEST_LANES = String(LANES + 1);
process.env.TEST_LANE = '0';
const ALONE = /^\/\/ Runs alone: /m;
const EARLY = /^\/\/ Begins early: /m;

function chosenFiles(names) {
  const present = readdirSync(here).filter((file) => file.endsWith(SUFFIX)).sort();
  if (names.length === 0) return present;
  const wanted = names.map((name) => (name.endsWith(SUFFIX) ? name : name + SUFFIX));
  const unknown = wanted.filter((file) => !present.includes(file));
  if (unknown.length > 0) {
    console.error(`no such test: ${unknown.join(', ')}`);
    process.exit(2);
  }
  return wanted;
}

const running = new Set();
let ending = false;

// Stopping the run ends the tests first, then the brokers beneath them.
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    ending = true;
    for (const child of running) child.kill(signal);
  });
}

// Runs one file. What it says is printed in one piece, so that files do not mix.
function runFile(file, environment) {
  const began = performance.now();
  const child = spawn(process.execPath, ['--test', '--test-reporter=spec', file], {
    cwd: here,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  const said = [];
  child.stdout.on('data', (bytes) => said.push(bytes));
  child.stderr.on('data', (bytes) => said.push(bytes));
  running.add(child);
  return new Promise((resolve) => {
    child.on('close', (code) => {
      running.delete(child);
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      process.stdout.write(`==== ${file} (${seconds} s)\n${Buffer.concat(said)}`);
      if (code !== 0) process.exitCode = 1;
      resolve();
    });
  });
}

function environmentOf(brokers, lane) {
  return {
    TMPDIR: brokers.dir, // so that nothing is left, even of a test that was broken off
    TEST_LANE: String(lane + 1),
    TEST_REDIS_PORT: String(brokers.redis.port),
    TEST_RABBITMQ_PORT: String(brokers.rabbitmq.port),
  };
}

// Takes files from the queue, which the lanes share, until it is empty.
async function runLane(lane, queue) {
  const brokers = await startBrokers();
  try {
    while (queue.length > 0 && !ending) await runFile(queue.shift(), environmentOf(brokers, lane));
  } finally {
    await brokers.stop();
  }
}

async function runInLanes(files, count) {
  const queue = [...files];
  const lanes = Array.from({ length: Math.min(count, files.length) }, (_, lane) => runLane(lane, queue));
  await Promise.all(lanes);
}

const files = chosenFiles(process.argv.slice(2));
const filesWith = (mark) => files.filter((file) => mark.test(readFileSync(here + file, 'utf8')));
const [alone, early] = [filesWith(ALONE), filesWith(EARLY)];
await runInLanes([...new Set([...early, ...files])].filter((file) => !alone.includes(file)), LANES);
await runInLanes(alone, 1);
if (ending) process.exitCode = 1;
