// The console in a real Chromium, against two edges. CONSOLE_PICTURES=docs/images makes the pictures
// of the pages anew.
// Begins early: Chromium takes a while.
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { API_KEY, Api, apiSettings } from './support/api.mjs';
import { Browser } from './support/browser.mjs';
import { gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';
import { freePorts } from './support/ports.mjs';
import { token } from './support/tokens.mjs';
import { PATIENCE_MS, sleep, until } from './support/wait.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pictures = process.env.CONSOLE_PICTURES && resolve(root, process.env.CONSOLE_PICTURES);

const FILES = {
  'console.css': 'text/css', 'console.svg': 'image/svg+xml', 'console.js': 'text/javascript',
  'connection.js': 'text/javascript', 'elements.js': 'text/javascript',
  'event_list.js': 'text/javascript', 'pane.js': 'text/javascript',
  'publisher.js': 'text/javascript', 'tabs.js': 'text/javascript', 'texts.js': 'text/javascript',
  'gateway.json': 'application/json',
};

const [firstPort, secondPort] = pictures ? [3002, 3003] : await freePorts(2);
const made = await gateway({ edges: 0,
  env: { DEV_CONSOLE: 'true', CORS_ORIGIN: `http://127.0.0.1:${firstPort}` },
  relayEnv: { ...await apiSettings(), API_CORS_ORIGIN: `http://127.0.0.1:${firstPort}` } });
const first = await made.addEdge({}, firstPort);
const second = await made.addEdge({}, secondPort);
const plain = await made.addEdge({ DEV_CONSOLE: 'false' });
await made.ready();
const { services } = made;
const api = await Api.of(made.relay);

const browser = await Browser.start();
after(() => browser.close());
browser.context.setDefaultTimeout(PATIENCE_MS);

// One side of the page, as a person sees it.
class Side {
  constructor(page, index) {
    this.page = page;
    this.root = page.locator('.pane').nth(index);
  }

  find(selector) {
    return this.root.locator(selector);
  }

  button(name) {
    return this.root.getByRole('button', { name, exact: true });
  }

  async is(state) {
    await this.find('.state').getByText(state, { exact: true }).waitFor();
  }

  text(selector) {
    return this.find(selector).textContent();
  }

  async join(roomType, roomId) {
    await this.find('.join [name=type]').fill(roomType);
    await this.find('.join [name=id]').fill(roomId);
    await this.button('Join').click();
    await this.find('.room-list .typing:enabled').last().waitFor();
  }

  room(name) {
    return this.find(`.room-list li[data-room="${name}"]`);
  }

  // The row of the newest event of that name.
  event(name) {
    return this.find('.event-list li').filter({ has: this.page.getByText(name, { exact: true }) })
      .first();
  }

  // Opens it and gives back what it says, as JSON.
  async detail(name) {
    await this.event(name).locator('summary').click();
    return JSON.parse(await this.event(name).locator('pre').textContent());
  }
}

const link = (claims) =>
  `${first.url}/console#second=${second.url}&token=${token(claims)}`;

async function open(t, claims = { id: 'traveller-1' }) {
  const page = await browser.open(link(claims));
  t?.after(() => page.close());
  return { page, sides: [new Side(page, 0), new Side(page, 1)] };
}

async function openConnected(t, claims) {
  const opened = await open(t, claims);
  await opened.page.getByRole('button', { name: 'Connect both' }).click();
  for (const side of opened.sides) await side.is('Connected');
  return opened;
}

describe('the files', () => {
  const expectGuarded = (headers) => {
    const policy = headers['content-security-policy'];
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /script-src 'self'(;|$)/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.match(policy, /require-trusted-types-for 'script'/);
    assert.doesNotMatch(policy, /unsafe|\*/);
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['referrer-policy'], 'no-referrer');
    assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
  };

  test('the page is guarded and has no script of its own', async () => {
    const answer = await request(`${first.url}/console`);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['content-type'], 'text/html; charset=utf-8');
    expectGuarded(answer.headers);
    for (const [, attributes, text] of answer.body.matchAll(/<script([^>]*)>([^<]*)/g)) {
      assert.match(attributes, / src="\//);
      assert.equal(text, '');
    }
    assert.doesNotMatch(answer.body, /\son\w+=|style=|https?:\/\/(?!")\w/);
  });

  for (const [name, type] of Object.entries(FILES)) {
    test(`${name} is guarded too`, async () => {
      const answer = await request(`${first.url}/console/${name}`);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['content-type'].split(';')[0], type);
      expectGuarded(answer.headers);
    });
  }

  test('there are no others', async () => {
    for (const path of ['/console/', '/console/nothing.js', '/console/../console.c', '/consoles',
      '/console.js', '/console/console.css/']) {
      assert.equal((await request(first.url + path)).status, 404, path);
    }
    assert.equal((await request(`${first.url}/console`, { method: 'POST' })).status, 404);
  });

  test('without DEV_CONSOLE there are none', async () => {
    for (const path of ['/console', '/console/console.js', '/console/console.css']) {
      const answer = await request(plain.url + path);
      assert.equal(answer.status, 404, path);
      assert.deepEqual(answer.json(), { error: 'Not Found' });
    }
  });
});

test('the token of the link leaves the address, and stays for a reload', async (t) => {
  const { page, sides } = await open(t);
  assert.equal(page.url(), `${first.url}/console`);
  const shown = await sides[0].find('[name=token]').inputValue();
  assert.match(shown, /^ey/);
  await page.reload();
  assert.equal(await sides[0].find('[name=token]').inputValue(), shown);
  assert.equal(await sides[1].find('[name=url]').inputValue(), second.url);
  assert.match(await sides[0].text('.claims'), /^of traveller-1, expires in /);
});

test('no request has the token in its address', async (t) => {
  const { page } = await open(t);
  const addresses = [];
  page.on('request', (sent) => addresses.push(sent.url()));
  page.on('websocket', (socket) => addresses.push(socket.url()));
  await page.getByRole('button', { name: 'Connect both' }).click();
  await new Side(page, 1).is('Connected');
  assert.ok(addresses.length > 0);
  for (const address of addresses) assert.doesNotMatch(address, /token|eyJ/);
});

// As by a click on a link while the page is open, and as by a new page in the same tab.
const follow = (page, hash) => page.evaluate((text) => new Promise((done) => {
  window.addEventListener('hashchange', () => done(), { once: true }); // after the page's own
  window.location.hash = text;
}), hash);
const WAYS = { 'on the page': follow,
  'from elsewhere': async (page, hash) => {
    await page.goto('about:blank');
    await page.goto(`${first.url}/console#${hash}`);
  } };
const STRANGER = 'http://stranger.example';

for (const [way, go] of Object.entries(WAYS)) {
  test(`a link ${way} does not send a secret of the tab to its address`, async (t) => {
    const { page, sides: [here, there] } = await open(t);
    await page.getByText('Publish an event').click();
    await page.getByLabel('HTTP API').fill(api.url);
    await page.getByLabel('Key').fill(API_KEY);
    const shown = await here.find('[name=token]').inputValue();
    await go(page, `api=${STRANGER}`);
    assert.equal(await page.locator('[name=api]').inputValue(), STRANGER);
    assert.equal(await page.locator('[name=key]').inputValue(), '');
    assert.equal(await there.find('[name=token]').inputValue(), shown);
    await go(page, `second=${STRANGER}`);
    assert.equal(await there.find('[name=url]').inputValue(), STRANGER);
    assert.equal(await there.find('[name=token]').inputValue(), '');
    assert.equal(await here.find('[name=token]').inputValue(), shown);
  });

  test(`a secret of a link ${way} does not go to the address of one before`, async (t) => {
    const { page, sides: [here, there] } = await open(t);
    await go(page, `api=${STRANGER}&second=${STRANGER}`);
    await go(page, `key=${API_KEY}&token=mine`);
    assert.equal(await page.locator('[name=api]').inputValue(), '');
    assert.equal(await page.locator('[name=key]').inputValue(), API_KEY);
    assert.doesNotMatch(await there.find('[name=url]').inputValue(), /stranger/);
    for (const side of [here, there]) {
      assert.equal(await side.find('[name=token]').inputValue(), 'mine');
    }
  });
}

test('a link ends the connection to the address that it replaces', async (t) => {
  const { page, sides: [here, there] } = await openConnected(t);
  await follow(page, `second=${STRANGER}`);
  await there.is('Not connected');
  await here.is('Connected');
});

test('two clients at two edges see one another type', async (t) => {
  const { page, sides: [here, there] } = await openConnected(t);
  for (const side of [here, there]) await side.join('conversation', '42');
  await there.room('conversation:42').getByRole('button', { name: 'Start typing' }).click();
  await here.room('conversation:42').getByText('traveller-1 typing').waitFor();
  const typing = await here.detail('user_typing');
  assert.equal(typing.room, 'conversation:42');
  assert.equal(typing.socketId, await there.text('.fact-id'));
  await there.room('conversation:42').getByRole('button', { name: 'Stop typing' }).click();
  await here.event('user_stop_typing').waitFor();
  assert.equal(await here.room('conversation:42').locator('.typists').textContent(), '');
  assert.match(await there.event('stop_typing').locator('.timing').textContent(), /^ack \d+ ms$/);
  await there.room('conversation:42').getByRole('button', { name: 'Leave' }).click();
  await here.event('user_left').waitFor();
  assert.deepEqual(page.faults, []);
});

test('a booking arrives at both, with its latency', async (t) => {
  const { page, sides } = await openConnected(t, { id: 'u-booking' });
  const sentAt = Date.now();
  await services.publish('booking.confirmed', { reservationId: 'r1', userId: 'u-booking',
    timestamp: new Date(sentAt - 5000).toISOString() });
  for (const side of sides) {
    await side.event('booking_update').waitFor();
    const shown = /^(\d+) ms$/.exec(await side.event('booking_update').locator('.timing').textContent());
    assert.ok(shown, 'a latency in milliseconds');
    // From the timestamp, which is 5 s old, and not from anything later.
    assert.ok(Number(shown[1]) >= 5000 && Number(shown[1]) <= 5000 + Date.now() - sentAt, shown[0]);
    assert.equal((await side.detail('booking_update')).bookingId, 'r1');
    assert.match(await side.text('.figures'), /^median \d+ ms · max \d+ ms$/);
  }
  await until('the announcement', async () =>
    /Edge [12]: booking_update, \d+ ms/.test(await page.locator('#announcer').textContent()));
});

test('what looks like markup stays text', async (t) => {
  const { page, sides: [here, there] } = await openConnected(t);
  const hostile = '<img src=x onerror="document.title=\'broken in\'"><script>alert(1)</script>';
  await here.join('conversation', hostile);
  await there.join('conversation', hostile);
  await there.room(`conversation:${hostile.replaceAll('"', '\\"')}`)
    .getByRole('button', { name: 'Start typing' }).click();
  await here.event('user_typing').waitFor();
  await services.publish('message.sent', { conversationId: hostile, senderId: hostile,
    message: hostile });
  await here.event('new_message').waitFor();
  assert.equal(await here.event('new_message').locator('.said').textContent(),
    `${hostile}: ${hostile}`);
  assert.equal((await here.detail('new_message')).message, hostile);
  assert.equal(await page.locator('.panes :is(img, script, iframe)').count(), 0);
  assert.equal(await page.title(), 'Gateway console');
  assert.deepEqual(page.faults, []);
});

test('the browser itself refuses markup made of text', async (t) => {
  const { page } = await open(t);
  const refused = await page.evaluate(() => {
    try {
      document.body.insertAdjacentHTML('beforeend', '<b>x</b>');
      return 'nothing';
    } catch (error) {
      return error.name;
    }
  });
  assert.equal(refused, 'TypeError');
});

for (const [label, transport] of [['WebSocket', 'websocket'], ['Polling', 'polling']]) {
  test(`the transport ${label} is what is used`, async (t) => {
    const { sides: [here] } = await open(t);
    await here.root.getByLabel(label).check();
    await here.button('Connect').click();
    await here.is('Connected');
    assert.equal(await here.text('.fact-transport'), transport);
    await here.event('connected').waitFor();
    assert.equal(await here.event('upgrade').count(), 0);
  });
}

test('disconnect and connect again: the rooms come back', async (t) => {
  const { sides: [here, there] } = await openConnected(t);
  for (const side of [here, there]) await side.join('notification', 'n1');
  const id = await here.text('.fact-id');
  await here.button('Disconnect').click();
  await here.is('Not connected');
  await there.event('user_left').waitFor();
  assert.equal(await here.text('.fact-id'), '–');
  await here.button('Connect').click();
  await here.is('Connected');
  await here.room('notification:n1').locator('.typing:enabled').waitFor();
  assert.notEqual(await here.text('.fact-id'), id);
});

test('an edge that goes away and comes back is seen as a reconnect', async (t) => {
  const { sides: [, there] } = await openConnected(t);
  await there.join('conversation', '42');
  await second.kill();
  await there.is('Reconnecting …');
  await there.find('.notice').getByText('Trying again').waitFor();
  await second.start();
  await second.ready();
  await there.is('Connected');
  assert.equal(await there.text('.fact-reconnects'), '1');
  await there.room('conversation:42').locator('.typing:enabled').waitFor();
});

test('a refusal says why', async (t) => {
  const { sides: [here] } = await open(t, { id: 'u1', exp: 1 });
  assert.equal(await here.text('.claims'), 'of u1, expired');
  await here.button('Connect').click();
  await here.is('Refused');
  assert.equal(await here.text('.notice'), 'Refused: Authentication error: jwt expired');
});

test('a wrong address says what is wrong', async (t) => {
  const { sides: [here] } = await open(t);
  await here.find('[name=url]').fill('javascript:alert(1)');
  await here.button('Connect').click();
  assert.match(await here.text('.notice'), /must begin with http/);
  assert.equal(await here.find('[name=url]').getAttribute('aria-invalid'), 'true');
});

test('an origin that is not allowed is explained', async (t) => {
  const { sides: [here] } = await open(t);
  const foreign = await made.addEdge({ CORS_ORIGIN: 'https://app.example' });
  await foreign.ready();
  await here.find('[name=url]').fill(foreign.url);
  await here.button('Connect').click();
  await here.find('.notice').getByText('CORS_ORIGIN').waitFor();
  await here.button('Disconnect').click();
  await here.is('Not connected');
});

test('a token that expires is refreshed in place', async (t) => {
  const now = Math.floor(Date.now() / 1000);
  const { sides: [here] } = await open(t, { id: 'u1', iat: now - 900, exp: now + 120 });
  await here.button('Connect').click();
  await here.is('Connected');
  await here.find('.notice').getByText('The token expires in').waitFor();
  await here.find('[name=token]').fill(token({ id: 'u1' }));
  await here.button('Refresh token').click();
  await here.event('refresh_token').waitFor();
  await here.find('.notice').waitFor({ state: 'hidden' });
  const { sent, ack } = await here.detail('refresh_token');
  assert.equal(ack.success, true);
  assert.equal(sent.token, '(not shown)');
});

test('paused, the list stands still; resumed, it shows what came', async (t) => {
  const { sides: [here, there] } = await openConnected(t);
  await here.join('conversation', '42');
  await here.button('Pause').click();
  const count = await here.find('.event-list li').count();
  await there.join('conversation', '42');
  await here.button('Resume (1)').click();
  await here.event('user_joined').waitFor();
  assert.equal(await here.find('.event-list li').count(), count + 1);
  await here.button('Clear').click();
  await here.find('.empty').waitFor();
});

test('of very many events the newest 300 are kept, and the others counted', async (t) => {
  const { sides: [here] } = await openConnected(t);
  await here.join('conversation', 'busy');
  await here.button('Clear').click();
  for (let number = 1; number <= 350; number++) {
    await services.publish('message.sent', { conversationId: 'busy', message: `m${number}` });
  }
  await here.find('.said').getByText('m350').waitFor();
  await until('the count', async () => await here.text('.count') === '350');
  assert.equal(await here.find('.event-list li').count(), 300);
  assert.match(await here.text('.figures'), /50 older ones gone/);
});

test('the keyboard alone connects, joins and opens an event', async (t) => {
  const { page, sides: [here] } = await open(t);
  await page.keyboard.press('Enter'); // on "Connect both", which has the focus at first
  await here.is('Connected');
  await here.find('[name=id]').focus();
  await page.keyboard.press('Enter');
  await here.event('join_room').waitFor();
  await here.event('join_room').locator('summary').focus();
  const outline = await here.event('join_room').locator('summary')
    .evaluate((row) => getComputedStyle(row).outlineStyle);
  assert.equal(outline, 'solid');
  await page.keyboard.press('Enter');
  await here.event('join_room').locator('pre').waitFor();
});

// The form that publishes, as a person sees it.
class Form {
  constructor(page) {
    this.page = page;
    this.root = page.locator('#publisher');
  }

  field(name) {
    return this.root.getByLabel(name);
  }

  async body() {
    return JSON.parse(await this.field('Body').inputValue());
  }

  async choose(routingKey) {
    await this.field('Event').selectOption(routingKey);
  }

  async publish() {
    await this.root.getByRole('button', { name: 'Publish' }).click();
  }

  async says(text) {
    await this.root.locator('.answer').getByText(text).waitFor();
  }
}

describe('the form that publishes', () => {
  async function openForm(t, { key = API_KEY, at = first } = {}) {
    const page = await browser.open(`${at.url}/console#second=${second.url}&token=${
      token({ id: 'traveller-1' })}&api=${api.url}&key=${key}`);
    t?.after(() => page.close());
    await page.getByText('Publish an event').click();
    return { page, form: new Form(page), sides: [new Side(page, 0), new Side(page, 1)] };
  }

  test('has each route, with a sample for who is on the page', async (t) => {
    const { page, form, sides: [here] } = await openForm(t);
    assert.deepEqual(await form.field('Event').locator('option').allTextContents(),
      ['booking.confirmed → booking_update', 'message.sent → new_message',
        'notification.created → new_notification']);
    assert.deepEqual(await form.body(),
      { userId: 'traveller-1', bookingId: 'booking-1', status: 'confirmed' });
    await page.getByRole('button', { name: 'Connect both' }).click();
    await here.is('Connected');
    await here.join('conversation', 'c-7');
    await form.choose('message.sent');
    assert.equal((await form.body()).conversationId, 'c-7');
    await form.root.getByText('to conversation:{conversationId}').waitFor();
    assert.deepEqual(page.faults, []);
  });

  test('publishes: the first event without a terminal', async (t) => {
    const { page, form, sides } = await openForm(t);
    await page.getByRole('button', { name: 'Connect both' }).click();
    for (const side of sides) await side.is('Connected');
    await form.publish();
    await form.says('booking.confirmed is published');
    for (const side of sides) {
      assert.equal((await side.detail('booking_update')).bookingId, 'booking-1');
    }
    await until('the announcement', async () => /published|booking_update/.test(
      await page.locator('#announcer').textContent()));
    assert.deepEqual(page.faults, []);
  });

  test('by the keyboard alone', async (t) => {
    const { page, form } = await openForm(t);
    await form.field('Event').focus();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await form.says('booking.confirmed is published');
  });

  test('says why an event is not published', async (t) => {
    const { form } = await openForm(t);
    await form.field('Body').fill('{');
    await form.publish();
    await form.says('The body is no JSON.');
    assert.equal(await form.field('Body').getAttribute('aria-invalid'), 'true');
    await form.field('Body').fill('{}');
    await form.publish();
    await form.says('the room id is missing');
    assert.equal(await form.field('Body').getAttribute('aria-invalid'), 'false');
    await form.field('Key').fill('another key');
    await form.publish();
    await form.says('401');
    await form.field('HTTP API').fill('http://127.0.0.1:1');
    await form.publish();
    await form.says('does not answer');
  });

  for (const [what, answer, why] of [
    ['an edge whose file has no events', { body: '{"rooms":[],"routes":[]}' }, 'has no event'],
    ['an edge that does not give its file', { status: 500, body: 'no' }, 'The edge does not say'],
  ]) {
    test(`publishes nothing of ${what}, and says so`, async (t) => {
      await browser.context.route('**/console/gateway.json', (route) => route.fulfill(answer),
        { times: 1 });
      const { page, form } = await openForm(t);
      await form.says(why);
      assert.equal(await form.root.getByRole('button', { name: 'Publish' }).isDisabled(), true);
      await form.field('Key').press('Enter');
      await form.says(why);
      assert.ok(!page.faults.some((fault) => /is not|undefined/.test(fault)), page.faults.join());
    });
  }

  test('of a page that the relay does not know gets nowhere', async (t) => {
    const { form } = await openForm(t, { at: second });
    const count = () => made.relay.metric('ws_relay_api_requests_total{endpoint="publish",status="202"}');
    const before = await count();
    await form.publish();
    await form.says(`API_CORS_ORIGIN of the relay lacks ${second.url}`);
    assert.equal(await count(), before);
  });

  test('the key leaves the address, and no page has it but by the link', async (t) => {
    const { page, form } = await openForm(t);
    assert.equal(page.url(), `${first.url}/console`);
    await page.reload();
    await page.getByText('Publish an event').click();
    assert.equal(await form.field('Key').inputValue(), API_KEY);
    const requests = [];
    page.on('request', (sent) => requests.push(sent.url()));
    await form.publish();
    await form.says('is published');
    for (const address of requests) assert.ok(!address.includes(API_KEY), address);
    for (const name of ['', ...Object.keys(FILES).map((file) => `/${file}`)]) {
      assert.ok(!(await request(`${first.url}/console${name}`)).body.includes(API_KEY), name);
    }
  });

  test('is as wide as the page, from phone to desktop', async (t) => {
    const { page, form } = await openForm(t);
    for (const [width, height] of [[1440, 900], [768, 1024], [390, 844]]) {
      await page.setViewportSize({ width, height });
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
      if (pictures && width === 1440) {
        await page.getByRole('button', { name: 'Connect both' }).click();
        await new Side(page, 1).is('Connected');
        await form.publish();
        await new Side(page, 1).event('booking_update').waitFor();
        await page.mouse.move(0, 0);
        await page.screenshot({ path: `${pictures}/console-publish.png` });
      }
    }
  });
});

test('rooms of any type can be joined', async (t) => {
  const { sides: [here] } = await openConnected(t);
  assert.equal(await here.find('.join [name=type]').inputValue(), 'conversation');
  assert.deepEqual(await here.page.locator('#room-types option').evaluateAll((all) =>
    all.map(({ value }) => value)), ['conversation', 'notification']);
  await here.find('.join [name=type]').fill('elsewhere');
  await here.button('Join').click();
  await here.find('.notice').getByText('elsewhere:42 was not joined: Invalid roomType.').waitFor();
});

// A conversation about a flat, for the layout and the pictures.
async function playScene({ sides: [here, there] }) {
  await there.find('[name=token]').fill(token({ id: 'host-7' }, { expiresIn: 43_199 }));
  await here.root.getByLabel('WebSocket').check();
  for (const side of [here, there]) {
    await side.button('Connect').click();
    await side.is('Connected');
    await side.join('conversation', '42');
  }
  await there.join('notification', 'host-7');
  const typing = (side, name) =>
    side.room('conversation:42').getByRole('button', { name }).click().then(() => sleep(400));
  const publish = (key, body) =>
    services.publish(key, { ...body, timestamp: new Date().toISOString() }).then(() => sleep(400));
  await typing(there, 'Start typing');
  await publish('message.sent', { messageId: 'm1', conversationId: '42', senderId: 'host-7',
    text: 'The flat is yours from 3 pm. The keys are with the café next door.' });
  await typing(there, 'Stop typing');
  await typing(here, 'Start typing');
  await publish('message.sent', { messageId: 'm2', conversationId: '42', senderId: 'traveller-1',
    text: 'Wonderful, see you on Friday!' });
  await typing(here, 'Stop typing');
  await publish('booking.confirmed', { reservationId: 'reservation-1', userId: 'traveller-1' });
  await publish('notification.created', { notificationId: 'n1', userId: 'host-7', type: 'booking',
    title: 'New booking', message: 'traveller-1 has booked' });
  await typing(there, 'Start typing');
  await here.event('user_typing').waitFor();
  await here.detail('booking_update');
}

const LOOKS = [
  ['console-light', 'light', 1440, 900], ['console-dark', 'dark', 1440, 900],
  [null, 'light', 1280, 720], [null, 'light', 768, 1024], [null, 'dark', 390, 844],
  ['console-phone', 'light', 390, 844],
];

test('nothing is wider than the page, from phone to desktop', async (t) => {
  const opened = await open(t);
  await playScene(opened);
  const { page } = opened;
  for (const [picture, colorScheme, width, height] of LOOKS) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme });
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
    // Wide ones scroll inside the panes only.
    const scrolled = await page.evaluate(() => document.documentElement.scrollHeight);
    if (width > 1000) assert.equal(scrolled, height);
    const isDark = await page.evaluate(() =>
      getComputedStyle(document.body).backgroundColor.match(/\d+/g).every((part) => part < 64));
    assert.equal(isDark, colorScheme === 'dark');
    if (pictures && picture) {
      await page.mouse.move(0, 0);
      await sleep(500);
      await page.screenshot({ path: `${pictures}/${picture}.png`, fullPage: width < 1000 });
    }
  }
  assert.deepEqual(page.faults, []);
});

test('a narrow page shows one client and tells of the other', async (t) => {
  const { page, sides: [here, there] } = await openConnected(t);
  for (const side of [here, there]) await side.join('conversation', '42');
  await page.setViewportSize({ width: 390, height: 844 });
  assert.equal(await there.root.isVisible(), false);
  await here.room('conversation:42').getByRole('button', { name: 'Start typing' }).click();
  await page.getByRole('button', { name: /^Edge 2 ?[1-9]/ }).click();
  assert.equal(await here.root.isVisible(), false);
  await there.room('conversation:42').getByText('traveller-1 typing').waitFor();
  await page.locator('#tabs').getByText('Edge 2', { exact: true }).waitFor();
});
