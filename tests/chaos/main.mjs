// The chaos suite: see tests/chaos/run --help.
import { parseArgs } from 'node:util';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FAULTS, NOT_IN_CI } from './faults.mjs';
import { judge, report } from './judge.mjs';
import { Random } from './random.mjs';
import { Stage, clock } from './stage.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CI_PATIENCE_MS = 15_000; // whatever else runs on that machine
const PAIRS_FROM = 0.6; // of the time: then two faults at once

const USAGE = `Usage: tests/chaos/run [options]

Runs three edges, two relays, Redis and RabbitMQ under a steady load, breaks them in one way after
the other, then in two ways at once, and compares what every client saw with what is promised. The
exit status is 0 only when every promise was kept.

  --seed N       repeats the choices of another run (default: by chance; it is printed)
  --minutes M    how long (default 2)
  --clients N    official clients (default 40)
  --crowd N      cheap clients beside them (default 200)
  --rooms N      rooms that they are in (default 10)
  --rate N       events per second in all rooms together (default 50)
  --faults A,B+C only these, in this order, again and again; B and C at once
  --pairs        two at once from the beginning
  --together     two at once strike the same edge
  --shards N     of the log (default 1)
  --patience MS  how long after healing until everybody has a fresh event (default 5000)
  --build DIR    the programs (default build/release)
  --ci           with more patience, for a machine that does other things as well, and without
                 what CI leaves out (docs/reliability.md)
  --list         names the faults and exits
  --help         prints this and exits`;

function fail(text) {
  console.error(`run: ${text}; see tests/chaos/run --help`);
  process.exit(2);
}

function readOptions() {
  const text = (name, fallback) => ({ [name]: { type: 'string', default: fallback } });
  const { values } = parseArgs({ options: {
    ...text('seed', String(Math.floor(Math.random() * 1e9))), ...text('minutes', '2'),
    ...text('clients', '40'), ...text('rooms', '10'), ...text('crowd', '200'), ...text('rate', '50'), ...text('faults', ''),
    ...text('patience', '5000'), ...text('shards', '1'), ...text('build', 'build/release'),
    pairs: { type: 'boolean' }, together: { type: 'boolean' }, ci: { type: 'boolean' }, list: { type: 'boolean' }, help: { type: 'boolean' },
  } });
  for (const name of ['seed', 'minutes', 'clients', 'crowd', 'rooms', 'rate', 'patience', 'shards']) {
    if (!(Number(values[name]) >= 0)) fail(`--${name} must be a number`);
    values[name] = Number(values[name]);
  }
  if (values.ci) values.patience = CI_PATIENCE_MS;
  return values;
}

function choose(names) {
  if (names === '') return null;
  const one = (name) => FAULTS[name] ?? fail(`there is no fault "${name}"`);
  return names.split(',').map((together) => together.split('+').map(one));
}

function pairOf(random, all) {
  const one = random.pick(all);
  return [one, random.pick(all.filter(({ on }) => on !== one.on))];
}

// Single faults in an order by chance until each had its turn, then pairs; or what was asked for.
function* schedule(random, { chosen, pairs, ci, share }) {
  const all = Object.values(FAULTS).filter(({ name }) => !ci || !NOT_IN_CI.includes(name));
  let left = [];
  for (;;) {
    if (!chosen && (pairs || share() > PAIRS_FROM)) {
      yield pairOf(random, all);
    } else {
      if (left.length === 0) {
        left = chosen ? [...chosen] : random.shuffled(all).map((one) => [one]);
      }
      yield left.shift();
    }
  }
}

async function play(options) {
  const random = new Random(options.seed);
  const stage = await Stage.open({ ...options, build: isAbsolute(options.build) ? options.build
    : join(ROOT, options.build), random, count: options.clients, many: options.crowd, crowd: undefined, say: (line) => console.log(
    `${(clock() / 1000).toFixed(1).padStart(6)} s  ${line}`) });
  try {
    await stage.begin();
    const [from, ms] = [clock(), options.minutes * 60_000];
    const share = () => (clock() - from) / ms;
    for (const faults of schedule(random, { ...options, share })) {
      if (share() >= 1 || stage.hopeless) break;
      await stage.suffer(faults);
    }
    await stage.end();
    const faults = judge(stage);
    console.log(report(stage, faults));
    return faults.length === 0;
  } finally {
    await stage.close();
  }
}

const options = readOptions();
if (options.help) {
  console.log(USAGE);
} else if (options.list) {
  console.log(Object.keys(FAULTS).join('\n'));
} else {
  options.chosen = choose(options.faults);
  console.log(`seed ${options.seed}`);
  const kept = await play(options);
  console.log(kept ? `seed ${options.seed}: every promise was kept`
    : `seed ${options.seed}: BROKEN`);
  process.exit(kept ? 0 : 1);
}
