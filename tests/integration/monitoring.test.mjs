// Metrics as operators use them: what Prometheus' own linter says of them, what docs/metrics.md says
// of them, and whether the alerts and the dashboard of compose/monitoring find what they ask for.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execFileSync } from 'node:child_process';
import { connect } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';
import { command } from './support/redis.mjs';
import { PrometheusServer } from './support/prometheus_server.mjs';
import { until } from './support/wait.mjs';

const path = (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url));

const made = await gateway({ edges: 2 });
const { edge, relay, services } = made;
const prometheus = await PrometheusServer.start(
  { edge: made.edges, relay: made.relays }, path('compose/monitoring/alerts.yml'));
after(() => prometheus.stop());

const text = async (process) => (await request(`${process.opsUrl}/metrics`)).body;

// Some of everything: two clients at two edges, events, a dead letter, typing, a refusal.
async function traffic(t) {
  const clients = await Promise.all(made.edges.map((at) => connect(t, at, { userId: 'u1' })));
  await assert.rejects(connect(t, edge, { auth: { token: 'rubbish' } }));
  for (const client of clients) await client.join('conversation', 'c1');
  for (let i = 0; i < 5; i++) {
    await services.publish('booking.confirmed', { bookingId: `b${i}`, userId: 'u1' });
    await clients[0].ack('typing', { roomType: 'conversation', roomId: 'c1' });
  }
  await services.publish('booking.confirmed', 'no JSON');
  for (const client of clients) for (let i = 0; i < 5; i++) await client.next('booking_update');
  await clients[1].next('user_typing');
}

const names = (expression) => expression
  .replace(/"[^"]*"/g, '')
  .match(/\b(?:ws_(?:edge|relay)|process)_\w+|\bup\b/g) ?? [];

const selectors = (expression) => expression
  .match(/\b(?:(?:ws_(?:edge|relay)|process)_\w+|up\b)(?:\{[^}]*\})?/g) ?? [];

async function assertSelects(expression) {
  assert.ok(names(expression).length > 0 || expression.includes('ALERTS'),
    `no metric of ours in ${expression}`);
  for (const selector of selectors(expression)) {
    assert.notDeepEqual(await prometheus.query(selector), [], `nothing is ${selector}`);
  }
}

describe('what the programs print', () => {
  for (const process of [edge, relay]) {
    test(`promtool has nothing against that of ${process.program}`, async () => {
      const output = execFileSync('promtool', ['check', 'metrics'],
        { input: await text(process), encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });
      assert.equal(output, '');
    });
  }
});

test('Prometheus scrapes all of them', async (t) => {
  await traffic(t);
  const targets = await until('a scrape of each', async () => {
    const found = await prometheus.targets();
    return found.length === 3 && found.every(({ health }) => health === 'up') && found;
  });
  assert.deepEqual(targets.map(({ labels }) => labels.job).sort(), ['edge', 'edge', 'relay']);
  await until('the events in Prometheus', async () =>
    (await prometheus.query('sum(ws_edge_delivery_latency_seconds_count{origin="relay"})'))[0]
      ?.value === 10);
  await traffic(t); // between two scrapes, so that there are rates
  await until('the rates in Prometheus', async () => {
    const rates = await Promise.all(['ws_relay_published_total',
      'ws_edge_delivery_latency_seconds_count'].map((name) =>
      prometheus.query(`min(rate(${name}[1m]))`)));
    return rates.every(([rate]) => rate?.value > 0);
  });
});

test('the histograms count what happened', async () => {
  const latency = 'ws_edge_delivery_latency_seconds';
  for (const at of made.edges) {
    const count = await at.metric(`${latency}_count{origin="relay"}`);
    assert.equal(count, 5 * 1 + 5 * 2); // the clients of the first time are there at the second
    assert.equal(await at.metric(`${latency}_bucket{origin="relay",le="+Inf"}`), count);
    assert.ok(await at.metric(`${latency}_sum{origin="relay"}`) < count * 10);
    // Joins and typing. Whether a client hears that another left depends on who goes first.
    await until('what edges tell', async () =>
      await at.metric(`${latency}_count{origin="edge"}`) >= 9);
    assert.equal(await at.metric('ws_edge_connect_seconds_count'), 2);
    assert.ok(await at.metric('ws_edge_write_frames_sum')
      >= await at.metric('ws_edge_write_frames_count'));
  }
  assert.equal(await relay.metric('ws_relay_event_latency_seconds_count'), 10);
  assert.equal(await relay.metric('ws_relay_batch_events_sum'), 10);
  const awaited = await relay.metric('ws_relay_append_seconds_count');
  assert.ok(awaited >= 1 && awaited <= await relay.metric('ws_relay_batch_events_count'));
});

test('every alert finds what it asks for, and none fires', async () => {
  const rules = await prometheus.rules();
  assert.ok(rules.length > 10);
  for (const { name, query, health, lastError } of rules) {
    assert.equal(health, 'ok', `${name}: ${lastError}`);
    await assertSelects(query);
  }
  // One that is pending may have been scraped while a dead letter was on its way.
  await until('no critical alert, not even a pending one', async () => (await prometheus.query(
    'ALERTS{severity="critical",alertname!="EventsStandStill"}')).length === 0);
});

test('every query of the dashboard returns something', async () => {
  const dashboard = JSON.parse(
    await readFile(path('compose/monitoring/grafana/dashboards/gateway.json'), 'utf8'));
  const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  assert.ok(queries.length > 20);
  for (const query of queries) {
    const expression = query.replaceAll('$__rate_interval', '1m');
    await assertSelects(expression);
    const found = await prometheus.query(expression);
    assert.ok(found.length > 0, `nothing comes of ${expression}`);
    assert.ok(found.some(({ value }) => Number.isFinite(value)), `no number in ${expression}`);
  }
});

test('what waits in RabbitMQ is counted while Redis does not answer', async () => {
  assert.equal(await relay.metric('ws_relay_queued_events'), 0);
  await command(made.brokers.redis.port, ['CLIENT', 'PAUSE', '60000', 'WRITE']);
  for (let i = 0; i < 300; i++) {
    await services.publish('booking.confirmed', { bookingId: `q${i}`, userId: 'nobody' });
  }
  // 200 are sent to the relay in advance, RELAY_PREFETCH.
  await until('the others in the metrics', async () =>
    (await relay.metric('ws_relay_queued_events')) === 100);
  assert.ok(await relay.metric('ws_relay_unacked_events') > 0);
  await command(made.brokers.redis.port, ['CLIENT', 'UNPAUSE']);
  await until('nothing that waits', async () =>
    (await relay.metric('ws_relay_queued_events')) === 0
      && (await relay.metric('ws_relay_unacked_events')) === 0);
  assert.equal(await relay.metric('ws_relay_published_total'), 310);
});

// name -> { type, labels }, as the programs print them.
function printed(body) {
  const found = new Map();
  for (const line of body.trim().split('\n')) {
    const [, name, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (name) found.set(name, { type, labels: new Set() });
    const sample = /^(\w+?)(?:_bucket|_sum|_count)?\{(.*)\}/.exec(line);
    if (!sample) continue;
    for (const [, label] of sample[2].matchAll(/(\w+)="/g)) {
      if (label !== 'le') found.get(sample[1]).labels.add(label);
    }
  }
  return found;
}

// The rows of the page's tables: name, type, labels, meaning.
async function described(title) {
  const page = await readFile(path('docs/metrics.md'), 'utf8');
  const section = page.split(/^## /m).find((part) => part.startsWith(`${title}\n`));
  return new Map([...section.matchAll(/^\| `(\w+)` \| (\w+) \| (.*?) \| (.+) \|$/gm)]
    .map(([, name, type, labels]) => [name,
      { type, labels: new Set([...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label)) }]));
}

describe('docs/metrics.md names what is printed, and nothing else', () => {
  for (const process of [edge, relay]) {
    test(process.program, async () => {
      const expected = new Map([...await described(process.program),
        ...await described('Both programs')]);
      assert.deepEqual(Object.fromEntries([...expected].sort()),
        Object.fromEntries([...printed(await text(process))].sort()));
    });
  }
});
