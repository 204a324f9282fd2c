// Publishes an event of each route, as a back-end service would, by the relay's HTTP API. The page
// has no key of its own: the link of compose/up brings one, or somebody pastes it.
import { announce, element } from './elements.js';
import { clockTime } from './texts.js';

const SAMPLE_TIME = '2024-11-17T10:00:00.000Z';
const PLACE = /^([^:{]*):[^{]*\{([^|[\]}]+)(\[\])?|^\{([^|[\]}]+)/;

// Why the API did not take the event, in words.
async function faultOf(answer) {
  const { error } = await answer.json().catch(() => ({}));
  return `${answer.status}: ${error?.message ?? 'no reason was given'}`;
}

export class Publisher {
  // `idOf(type)` is the id of a room of this type which somebody on the page is in, or null. `onInput()`
  // is called when the user has changed the address or the key.
  constructor(root, { idOf, onInput }) {
    Object.assign(this, { root, idOf, routes: [] });
    this.form = root.querySelector('form').elements;
    root.querySelector('form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#publish();
    });
    root.querySelector('form').addEventListener('input', onInput);
    this.form.route.addEventListener('change', () => this.#fill());
    root.querySelector('.sample').addEventListener('click', () => this.#fill());
    root.addEventListener('toggle', () => root.open && this.#fill());
  }

  get api() {
    return this.form.api.value.trim();
  }

  set api(text) {
    this.form.api.value = text;
  }

  get key() {
    return this.form.key.value.trim();
  }

  set key(text) {
    this.form.key.value = text;
  }

  // The routes of the gateway's file, as /console/gateway.json has them.
  offer(routes) {
    this.routes = routes;
    this.form.route.replaceChildren(...routes.map(({ routingKey, event }) =>
      element('option', { value: routingKey }, event ? `${routingKey} → ${event}` : routingKey)));
    if (routes.length === 0) {
      this.withhold('The gateway file of this edge has no event.');
      return;
    }
    this.form.publish.disabled = false;
    this.#fill();
  }

  // There is nothing to publish, and why.
  withhold(why) {
    this.form.publish.disabled = true;
    this.#say(why, true);
  }

  get #route() {
    return this.routes.find(({ routingKey }) => routingKey === this.form.route.value);
  }

  // The sample, for those who are on the page. The relay adds the time.
  #fill() {
    const route = this.#route;
    if (!route) return;
    const body = Object.fromEntries(
      Object.entries(route.body).filter(([, value]) => value !== SAMPLE_TIME));
    for (const room of route.rooms) {
      const [, type, member, isList, user] = PLACE.exec(room) ?? [];
      const name = member ?? user;
      const id = this.idOf(user ? 'user' : type);
      if (id !== null && name in body) body[name] = isList ? [id] : id;
    }
    this.form.body.value = JSON.stringify(body, null, 2);
    this.root.querySelector('.to').textContent = `to ${route.rooms.join(', ')}`;
    this.#say('');
  }

  #say(text, isBad = false) {
    const said = this.root.querySelector('.answer');
    said.textContent = text;
    said.classList.toggle('bad', isBad);
    if (text !== '') announce(text);
  }

  #isJson() {
    try {
      JSON.parse(this.form.body.value);
      return true;
    } catch {
      return false;
    }
  }

  async #publish() {
    const isJson = this.#isJson();
    this.form.body.setAttribute('aria-invalid', String(!isJson));
    if (!isJson) {
      this.form.body.focus();
      this.#say('The body is no JSON.', true);
      return;
    }
    this.form.publish.disabled = true;
    try {
      await this.#send(this.#route.routingKey);
    } catch {
      this.#say(`${this.api} does not answer, or API_CORS_ORIGIN of the relay lacks ${
        window.location.origin}.`, true);
    }
    this.form.publish.disabled = false;
  }

  async #send(routingKey) {
    const answer = await fetch(`${this.api}/v1/events/${encodeURIComponent(routingKey)}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${this.key}`, 'Content-Type': 'application/json' },
      body: this.form.body.value,
      credentials: 'omit',
      redirect: 'error',
    });
    if (answer.ok) this.#say(`${clockTime(Date.now())} ${routingKey} is published`);
    else this.#say(`Not published, ${await faultOf(answer)}`, true);
  }
}
