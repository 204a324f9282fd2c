// docs/your-own-rooms.md: the application that the page builds, from its files and its commands as
// they stand there, in Chromium and against two edges. GUIDE_PICTURES=docs/images makes its picture
// anew.
import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { API_KEY, Api, apiSettings } from './support/api.mjs';
import { Browser } from './support/browser.mjs';
import { Child, run } from './support/child.mjs';
import { client } from './support/clients.mjs';
import { built, gateway } from './support/gateway.mjs';
import { readBlocks } from './support/guide.mjs';
import { freePort } from './support/ports.mjs';
import { SECRET, token } from './support/tokens.mjs';
import { PATIENCE_MS, until } from './support/wait.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pictures = process.env.GUIDE_PICTURES && resolve(root, process.env.GUIDE_PICTURES);
const blocks = readBlocks(join(root, 'docs/your-own-rooms.md'));
const PAGE_PORT = '4000'; // as the page has it; a free one takes its place here

// ---- the clone of a reader

const clone = await mkdtemp(join(tmpdir(), 'own-rooms-'));
after(() => rm(clone, { recursive: true, force: true }));
const port = await freePort();
const adapted = (text) => text.replaceAll(`127.0.0.1:${PAGE_PORT}`, `127.0.0.1:${port}`);
const isCommand = ({ language }) => language === 'bash';
const textOf = ({ lines }) => adapted(`${lines.join('\n')}\n`);
const commands = new Map(blocks.filter(isCommand).map((block) => [block.name, textOf(block)]));
const outputs = new Map(blocks.flatMap((block, i) => (isCommand(block)
  && blocks[i + 1]?.language === 'output' ? [[block.name, blocks[i + 1].lines]] : [])));
const typed = new Set();

await mkdir(join(clone, 'auction'));
for (const block of blocks.filter(({ name, language }) => name && language !== 'bash')) {
  await writeFile(join(clone, 'auction', block.name), textOf(block));
}
await symlink(fileURLToPath(new URL('node_modules', import.meta.url)), join(clone, 'auction/node_modules'));
await mkdir(join(clone, 'build'));
await symlink(built(''), join(clone, 'build/release'));

// What a reader has in the PATH, but for npm, whose packages are there; and compose/up, which says
// what it was given.
async function write(path, text) {
  await writeFile(join(clone, path), text);
  await chmod(join(clone, path), 0o755);
}
await mkdir(join(clone, 'bin'));
await mkdir(join(clone, 'compose'));
await write('bin/npm', '#!/bin/sh\n[ "$*" = "install --prefix auction amqplib@0.10" ]\n');
await write('compose/up', '#!/bin/sh\nenv >up.env\n');
const environment = { PATH: `${clone}/bin:${process.env.PATH}` };

// Types what the page says, in a terminal of its own.
async function type(name, env = {}) {
  typed.add(name);
  const answer = await run('bash', ['-euc', commands.get(name)],
    { cwd: clone, env: { ...environment, ...env } });
  assert.equal(answer.code, 0, `${name}: ${answer.stdout}${answer.stderr}`);
  return answer.stdout;
}

// The same; it prints what the page says.
async function prints(name, env) {
  const lines = (await type(name, env)).trimEnd().split('\n');
  const pattern = (line) => new RegExp(`^${
    line.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll('…', '.*')}$`);
  const expected = outputs.get(name);
  assert.equal(lines.length, expected.length, lines.join('\n'));
  lines.forEach((line, i) => assert.match(line, pattern(expected[i])));
}

// ---- the gateway that compose/up would start with what it was given

await type('up');
const given = Object.fromEntries((await readFile(join(clone, 'up.env'), 'utf8')).split('\n')
  .map((line) => line.match(/^(GATEWAY_FILE|RABBITMQ_EXCHANGES)=(.*)$/)?.slice(1)).filter(Boolean));
const made = await gateway({ edges: 2, env: { ...given, CORS_ORIGIN: '*' }, relayEnv: await apiSettings() });
const api = await Api.of(made.relay);
await writeFile(join(clone, 'build/dev-3002.env'), [`JWT_SECRET=${SECRET}`, `API=${api.url}`,
  `API_KEY=${API_KEY}`, `RABBITMQ_PORT=${made.brokers.rabbitmq.port}`, ''].join('\n'));

typed.add('serve');
const service = new Child('bash', ['-euc', commands.get('serve')], { name: 'auction.mjs', cwd: clone,
  env: { ...environment, PORT: String(port), GATEWAYS: made.edges.map(({ url }) => url).join(' ') } });
after(() => service.kill());
await until('the auction to be open', () => {
  assert.ok(service.running, service.output);
  return service.stdout === `${outputs.get('serve')[0]}\n`;
});

const browser = await Browser.start({ viewport: { width: 480, height: 560 } });
after(() => browser.close());
browser.context.setDefaultTimeout(PATIENCE_MS);

// A window of the page.
class Window {
  static async open(name, edge) {
    const made = new Window();
    made.page = await browser.open(`http://127.0.0.1:${port}/?name=${name}&edge=${edge}`);
    await made.page.locator('#price').getByText('€').waitFor();
    return made;
  }

  button(name) {
    return this.page.getByRole('button', { name });
  }

  async sees(text) {
    await this.page.locator('#log li').getByText(text, { exact: true }).waitFor();
  }

  lines() {
    return this.page.locator('#log li').allTextContents();
  }

  async is(text) {
    await this.page.locator('#who').getByText(text, { exact: true }).waitFor();
  }
}

const windows = {
  ada: await Window.open('ada', 1),
  ben: await Window.open('ben', 2),
  guest: await Window.open('guest', 2),
  auctioneer: await Window.open('auctioneer', 1),
};
const all = Object.values(windows);
const count = (lines, text) => lines.filter((line) => line === text).length;

// Each window has the line, and once; those rooms that it is in are several.
async function allSee(text) {
  await Promise.all(all.map((window) => window.sees(text)));
  for (const window of all) assert.equal(count(await window.lines(), text), 1, text);
}

describe('the application of the page', () => {
  test('its file is right for both programs', () => prints('check'));

  test('the service says who is on the floor', async () => {
    await windows.ada.is('ada: on the floor');
    await windows.ben.is('ben: on the floor');
    await windows.guest.is('guest: watching');
    assert.ok(await windows.guest.button('Bid').isDisabled());
  });

  test('a bid reaches everybody, once, and who is outbid reads it alone', async () => {
    await windows.ada.button('Bid').click();
    await allSee('ada bids 110 €');
    await windows.ben.button('Bid').click();
    await allSee('ben bids 120 €');
    await windows.ada.sees('You are outbid at 120 €');
    await windows.ada.button('Bid').click();
    await allSee('ada bids 130 €');
    await windows.ben.sees('You are outbid at 130 €');
    assert.equal(count(await windows.guest.lines(), 'You are outbid at 120 €'), 0);
    for (const window of all) assert.equal(await window.page.locator('#price').textContent(), '130 €');
  });

  test('applause reaches the others', async () => {
    await windows.guest.button('Applaud').click();
    for (const name of ['ada', 'ben']) await windows[name].sees('guest applauds');
    assert.equal(count(await windows.guest.lines(), 'guest applauds'), 0);
  });

  test('the Python service', async () => {
    await prints('phone');
    await allSee('telephone bids 500 €');
  });

  test('curl', async () => {
    await prints('letter');
    await allSee('by letter bids 600 €');
    await prints('nowhere');
  });

  // Two windows beside one another.
  test('its picture', { skip: !pictures }, async () => {
    const shots = await Promise.all([windows.ada, windows.guest].map(({ page }) => page.screenshot()));
    const page = await browser.open('about:blank');
    await page.setViewportSize({ width: 960, height: 560 });
    await page.setContent(`<body style="margin:0;display:flex">${shots.map((shot) =>
      `<img src="data:image/png;base64,${shot.toString('base64')}">`).join('')}`);
    await page.screenshot({ path: join(pictures, 'auction.png') });
    await page.close();
  });

  test('who is sent away is out, and cannot come back', async () => {
    await type('expel');
    await windows.ben.is('ben: watching');
    await windows.auctioneer.sees('ben was sent away');
    await windows.ben.page.reload();
    await windows.ben.is('ben: watching');
    assert.ok(await windows.ben.button('Bid').isDisabled());
  });

  test('no page has reported a fault', () => {
    assert.deepEqual(all.flatMap(({ page }) => page.faults), []);
  });
});

// The same event, from three sources, to three types of rooms at two edges, with plain clients.
describe('an event from each source, in each type of room, at each edge', () => {
  const KINDS = {
    'auction:7': { claims: { id: 'guest-9' }, join: 'auction' },
    'floor:7': { claims: { id: 'carl' }, join: 'floor' },
    'house:north': { claims: { id: 'staff', house: 'north' } },
  };

  async function members(t) {
    const listening = [];
    for (const edge of made.edges) {
      for (const [room, { claims, join: roomType }] of Object.entries(KINDS)) {
        const member = client(t, edge, { judged: false, auth: { token: token(claims) } });
        await member.connected();
        if (roomType) assert.ok((await member.socket.emitWithAck('join_room', { roomType, roomId: '7' })).success);
        listening.push({ room, edge, member });
      }
    }
    return listening;
  }

  const BID = (bidder) => ({ auctionId: '7', houseId: 'north', bidder, amount: 900 });
  const sources = {
    'Node.js': async () => {
      const channel = await made.services.connection.createConfirmChannel();
      channel.publish('auctions', 'bid.accepted', Buffer.from(JSON.stringify(BID('Node.js'))));
      await channel.waitForConfirms();
      await channel.close();
    },
    Python: () => run('bash', ['-euc',
      commands.get('phone').replace('"telephone" 500', 'Python 900')], { cwd: clone, env: environment }),
    HTTP: () => api.ask('POST', '/v1/events/bid.accepted', BID('HTTP')),
  };

  for (const [name, publish] of Object.entries(sources)) {
    test(name, async (t) => {
      const listening = await members(t);
      await publish();
      for (const { room, edge, member } of listening) {
        assert.equal((await member.next('bid')).bidder, name, `${room} at ${edge.url}`);
      }
    });
  }
});

test('every command of the page was typed', () => {
  assert.deepEqual([...commands.keys()].filter((name) => !typed.has(name)), []);
});
