// What to think of a run: all rules of checker.mjs, on all that the stage has collected.
import * as checker from './checker.mjs';
import { checkEmpty, checkUplink } from './uplink_checker.mjs';

const EDGE_READY_MS = 3000;
const RELAY_READY_MS = 15_000; // until it misses two heartbeats of RabbitMQ
const SAMPLING_MS = 1000; // how late the suite's own looks may be
const ALLOWANCE = { fds: 4, bytes: 32 * 1024 * 1024 };

function readinessOfEdges(stage, clients, log) {
  const limit = EDGE_READY_MS + SAMPLING_MS;
  return stage.stack.edges.flatMap(({ name }) => checker.checkReadiness(name,
    stage.samples.get(name), checker.owedByEdge(name, clients, log, stage.publishers.sentOf, limit,
      stage.blind),
    checker.heardAt(name, clients), limit));
}

// The active relay owes what was confirmed to a service, and gives to the log.
function readinessOfRelays(stage, log) {
  const limit = RELAY_READY_MS + SAMPLING_MS;
  const isExcused = ({ sent }) => stage.excused.some(({ from, to }) => sent >= from && sent <= to);
  const owed = checker.owedByRelay(
    stage.publishers.published.filter((entry) => !isExcused(entry)), log, limit);
  return stage.stack.relays.flatMap(({ name }) => checker.checkReadiness(name,
    stage.samples.get(name).map(({ at, active }) => ({ at, ready: active })), owed,
    log.map(({ at }) => at), limit));
}

export function judge(stage) {
  const clients = stage.clients.map(({ user, history }) => ({ name: user, user, history }));
  const log = stage.log.entries;
  const { published } = stage.publishers;
  return [
    ...stage.faults,
    ...checker.checkLog(log),
    ...checker.checkAcknowledged(published, log, stage.excused),
    ...checker.checkHistories(clients, published, log),
    ...(stage.crowded ? checker.checkCrowd(stage.crowded, log) : []),
    ...checkUplink(stage.told, stage.service.arrived, stage.log.erased),
    ...checkEmpty(stage.left),
    ...readinessOfEdges(stage, clients, log),
    ...readinessOfRelays(stage, log),
    ...Object.keys(stage.held).flatMap((name) =>
      checker.checkHoldings(name, stage.base[name], stage.held[name], ALLOWANCE)),
  ];
}

function byRule(faults) {
  const rules = new Map();
  for (const one of faults) rules.set(one.rule, [...(rules.get(one.rule) ?? []), one]);
  return rules;
}

function wordsOfUplink({ told, service: { arrived }, log: { erased } }) {
  const acked = told.filter((one) => one.acked !== null).length;
  const again = arrived.length - new Set(arrived.map(({ id }) => id)).size;
  return `${told.length} told by clients, ${acked} acked, ${arrived.length} arrived, ${again} of them again, `
    + `${erased.length} erased by FLUSHALL`;
}

export function report(stage, faults) {
  const lives = stage.clients.flatMap(({ history }) => checker.livesOf(history));
  const entries = stage.clients.flatMap(({ history }) => history);
  const count = (kind) => entries.filter((entry) => entry.kind === kind).length;
  const recovered = entries.filter(({ kind, recovered: was }) => kind === 'connect' && was).length;
  const slowest = stage.heals.reduce((most, one) => (one.ms > (most?.ms ?? -1) ? one : most), null);
  const lines = [
    `${stage.heals.length} faults, ${stage.publishers.published.length} published, `
      + `${stage.log.entries.length} logged, ${count('event')} received by ${stage.clients.length} clients`,
    `${count('connect')} connects, ${recovered} recovered, ${lives.length} sessions`,
  ];
  lines.push(wordsOfUplink(stage));
  if (stage.crowded) {
    const { count: many, heard, closed } = stage.crowded;
    lines.push(`${heard} received by a crowd of ${many}, ${closed} of its connections ended`);
  }
  if (slowest) lines.push(`slowest to fresh events: ${slowest.ms} ms, after ${slowest.what}`);
  for (const [rule, all] of byRule(faults)) {
    lines.push(`FAULT ${rule}: ${all.length}`);
    for (const { text } of all.slice(0, 10)) lines.push(`    ${text}`);
  }
  return lines.join('\n');
}
