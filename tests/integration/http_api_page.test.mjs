// docs/http-api.md: its examples (blocks `bash`) do what the page says (the blocks `json` behind them,
// where … stands for anything).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { API_KEY, Api, apiSettings, presenceFile } from './support/api.mjs';
import { run } from './support/child.mjs';
import { connect } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { until } from './support/wait.mjs';

const page = readFileSync(fileURLToPath(new URL('../../docs/http-api.md', import.meta.url)), 'utf8');
const examples = [...page.matchAll(/```bash\n(.*?)```\n\n```json\n(.*?)```/gs)]
  .map(([, command, told]) => ({ command, told: told.trim() }));
const count = (pattern) => [...page.matchAll(pattern)].length;

const made = await gateway({
  env: { GATEWAY_FILE: await presenceFile() }, relayEnv: await apiSettings() });
const api = await Api.of(made.relay);
const { url: API } = api;

const pattern = (told) => new RegExp(`^${told.split('…')
  .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`);

test('every example has its answer', () => {
  assert.ok(examples.length > 0);
  assert.equal(examples.length, count(/```bash/g));
});

test('the examples do what the page says', async (t) => {
  const client = await connect(t, made.edge, { userId: '42' });
  await connect(t, made.edge, { userId: '43' }); // who stays
  await until('presence', async () =>
    (await api.ask('GET', '/v1/presence/users/43')).json().online);
  for (const { command, told } of examples) {
    const { code, stdout, stderr } = await run('bash', ['-c', command],
      { env: { PATH: process.env.PATH, API, API_KEY } });
    assert.equal(code, 0, stderr);
    assert.match(stdout.trim(), pattern(told));
  }
  assert.equal((await client.next('booking_update')).bookingId, 'b-7');
});
