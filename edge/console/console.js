// The page: two clients, what they remember, and the link that fills them.
//
//     /console#token=…&second=http://127.0.0.1:3003&api=http://127.0.0.1:9101&key=…
//
// All of it stands behind the '#', which browsers send to nobody, and goes from the address bar
// as soon as it is read.
import { element } from './elements.js';
import { Pane } from './pane.js';
import { Publisher } from './publisher.js';
import { Tabs } from './tabs.js';

const KEY = 'gateway-console';

// The edge beside this one, as compose/up starts them.
function neighbour() {
  const { protocol, hostname, port } = window.location;
  return `${protocol}//${hostname}:${Number(port || 80) + 1}`;
}

function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

const main = document.getElementById('panes');
const both = document.getElementById('connect-both');
const panes = [];
const tabs = new Tabs(document.getElementById('tabs'), main);
const publisher = new Publisher(document.getElementById('publisher'),
  { idOf: (type) => panes.map((pane) => pane.idOf(type)).find((id) => id !== null) ?? null,
    onInput: remember });

function remember() {
  sessionStorage.setItem(KEY, JSON.stringify({
    urls: panes.map(({ url }) => url), tokens: panes.map(({ token }) => token),
    api: publisher.api, key: publisher.key,
  }));
}

// An address and the secret that is sent to it. A link brings both or neither: what it leaves out is
// not what this tab remembers, or a stranger's link could ask for that at an address of its own.
function pairOf(link, [address, secret], remembered, standard) {
  if (!link.has(address) && !link.has(secret)) return remembered;
  return [link.get(address) ?? standard, link.get(secret) ?? ''];
}

// A client that is connected to another address would show that the new token.
function direct(pane, url, token) {
  if (pane.url !== url && !pane.isIdle) pane.toggle();
  Object.assign(pane, { url, token });
}

function fill() {
  const link = new URLSearchParams(window.location.hash.slice(1));
  const { urls = [window.location.origin, neighbour()], tokens = ['', ''], api = '', key = '' } = remembered();
  direct(panes[0], urls[0], link.get('token') ?? tokens[0]);
  direct(panes[1], ...pairOf(link, ['second', 'token'], [urls[1], tokens[1]], neighbour()));
  [publisher.api, publisher.key] = pairOf(link, ['api', 'key'], [api, key], '');
  remember();
  window.history.replaceState(null, '', window.location.pathname);
}

function anyIsIdle() {
  return panes.some(({ isIdle }) => isIdle);
}

function toggleBoth() {
  const isConnecting = anyIsIdle();
  for (const pane of panes) if (pane.isIdle === isConnecting) pane.toggle();
}

function draw() {
  tabs.draw(panes);
  both.textContent = anyIsIdle() ? 'Connect both' : 'Disconnect both';
  both.classList.toggle('primary', anyIsIdle());
}

// The gateway's file, of the edge that serves this page.
async function readFile() {
  try {
    const { rooms, routes } = await (await fetch('/console/gateway.json')).json();
    document.getElementById('room-types').replaceChildren(
      ...rooms.map((value) => element('option', { value })));
    for (const pane of panes) pane.offer(rooms);
    publisher.offer(routes);
  } catch {
    publisher.withhold('The edge does not say which events there are. Is it running? Reload the page.');
  }
}

function start() {
  for (const number of [1, 2]) {
    panes.push(new Pane(number, { onInput: remember, onChange: draw }));
  }
  main.append(...panes.map(({ root }) => root));
  draw();
  fill();
  window.addEventListener('hashchange', fill);
  readFile();
  if (!window.io) {
    const trouble = document.getElementById('trouble');
    trouble.textContent = 'The official client is missing: /socket.io/socket.io.js is not there. '
      + 'Build the target client_bundle, or set CLIENT_BUNDLE_DIR.';
    trouble.hidden = false;
    return;
  }
  both.disabled = false;
  both.addEventListener('click', toggleBoth);
  both.focus({ focusVisible: false });
}

start();
