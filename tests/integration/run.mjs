// Runs the integration tests: starts the brokers once, runs the test files one after the other,
// stops the brokers.
//
//     node tests/integration/run.mjs                 all files
//     node tests/integration/run.mjs rooms typing    rooms.test.mjs and typing.test.mjs
//     BUILD_DIR=build/debug node …/run.mjs           the programs of another build
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startBrokers } from './support/brokers.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const SUFFIX = '.test.mjs';

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

function runTests(files, brokers) {
  const child = spawn(process.execPath,
    ['--test', '--test-concurrency=1', '--test-reporter=spec', ...files], {
      cwd: here,
      stdio: 'inherit',
      env: {
        ...process.env,
        TMPDIR: brokers.dir, // so that nothing is left, even of a test that was broken off
        TEST_REDIS_PORT: String(brokers.redis.port),
        TEST_RABBITMQ_PORT: String(brokers.rabbitmq.port),
      },
    });
  // Stopping the run ends the tests first, then the brokers beneath them.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => {
    child.on('close', (code) => resolve(code ?? 1));
  });
}

const files = chosenFiles(process.argv.slice(2));
const brokers = await startBrokers();
try {
  process.exitCode = await runTests(files, brokers);
} finally {
  await brokers.stop();
}
