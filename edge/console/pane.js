// One side of the page: the controls of a connection, its rooms, its events.
import { Connection } from './connection.js';
import { announce, element } from './elements.js';
import { EventList } from './event_list.js';
import { clockTime, describeToken, duration, readClaims, userOf } from './texts.js';

const STATES = {
  off: 'Not connected', connecting: 'Connecting …', on: 'Connected', waiting: 'Reconnecting …',
  refused: 'Refused',
};

function isGatewayUrl(text) {
  try {
    return /^(https?|wss?):$/.test(new URL(text).protocol);
  } catch {
    return false;
  }
}

export class Pane {
  // `onInput()` is called when the user has changed a field, `onChange()` after anything
  // that the page around the pane may show.
  constructor(number, { onInput, onChange }) {
    const template = document.getElementById('pane');
    this.root = template.content.cloneNode(true).firstElementChild;
    this.find = (selector) => this.root.querySelector(selector);
    this.title = `Edge ${number}`;
    this.find('h2').textContent = this.title;
    this.root.setAttribute('aria-label', this.title);
    this.form = this.find('.connect').elements;
    this.events = new EventList(this.find('.events'));
    this.connection = new Connection({
      onChange: () => this.#draw(),
      onRecord: (record) => this.#record(record),
    });
    this.onChange = onChange;
    this.#listen(onInput);
    this.#draw();
    setInterval(() => this.#drawClaims(), 1000);
  }

  get url() {
    return this.form.url.value.trim();
  }

  set url(text) {
    this.form.url.value = text;
  }

  get token() {
    return this.form.token.value.trim();
  }

  set token(text) {
    this.form.token.value = text;
    this.#draw();
  }

  get state() {
    return this.connection.state;
  }

  // How many events it has received.
  get received() {
    return this.events.received;
  }

  // The id of a room of this type that the client is in, or null; of type "user" the user's own.
  idOf(type) {
    if (type === 'user') return userOf(readClaims(this.token));
    const room = [...this.connection.rooms.values()].find(({ roomType }) => roomType === type);
    return room ? room.roomId : null;
  }

  // Types of rooms that the client may join.
  offer(types) {
    this.find('.join').elements.type.value ||= types[0] ?? '';
  }

  get isIdle() {
    return ['off', 'refused'].includes(this.state);
  }

  // Connects, or disconnects.
  toggle() {
    this.connection.trouble = '';
    if (this.isIdle) this.#connect();
    else this.connection.disconnect();
  }

  #connect() {
    const { connection } = this;
    if (!isGatewayUrl(this.url)) {
      connection.trouble = 'The gateway’s address must begin with http:// or https://.';
      this.#draw();
      this.form.url.focus();
      return;
    }
    connection.connect({
      url: this.url,
      transport: this.form.transport.value,
      readToken: () => this.token,
    });
  }

  #listen(onInput) {
    this.#onSubmit('.connect', () => this.toggle());
    this.#onSubmit('.join', ({ type, id }) => this.connection.join(
      { roomType: type.value.trim(), roomId: id.value.trim() }));
    this.find('.refresh').addEventListener('click', () => this.connection.refresh(this.token));
    this.find('.connect').addEventListener('input', () => {
      onInput();
      this.#draw();
    });
  }

  #onSubmit(selector, act) {
    this.find(selector).addEventListener('submit', (event) => {
      event.preventDefault();
      this.connection.trouble = '';
      act(event.target.elements);
    });
  }

  #record(record) {
    this.events.add(record);
    if (record.direction !== 'in') return;
    const latency = record.latency === null ? '' : `, ${duration(record.latency)}`;
    announce(`${this.title}: ${record.name}${latency}`);
  }

  #draw() {
    const { connection } = this;
    const isOn = connection.state === 'on';
    this.root.dataset.state = connection.state;
    this.find('.state-text').textContent = STATES[connection.state];
    this.find('.switch').textContent = this.isIdle ? 'Connect' : 'Disconnect';
    this.find('.switch').classList.toggle('primary', this.isIdle);
    this.form.url.disabled = !this.isIdle;
    this.find('.segments').disabled = !this.isIdle;
    this.find('.refresh').hidden = !isOn
      || (connection.expiresIn === null && this.token === connection.token);
    this.#drawClaims();
    this.find('.join button').disabled = !isOn;
    this.#drawFacts();
    this.#drawNotice();
    this.#drawRooms();
    this.events.explain(...this.#emptiness());
    this.onChange();
  }

  #drawClaims() {
    this.find('.claims').textContent = describeToken(this.token, Date.now());
  }

  #drawFacts() {
    const { connection } = this;
    this.find('.fact-transport').textContent = connection.transport ?? '–';
    this.find('.fact-id').textContent = connection.id ?? '–';
    this.find('.fact-since').textContent = connection.since ? clockTime(connection.since).slice(0, 8) : '–';
    this.find('.fact-reconnects').textContent = String(connection.reconnects);
  }

  #drawNotice() {
    const { trouble, expiresIn } = this.connection;
    const text = trouble || (expiresIn === null ? ''
      : `The token expires in ${expiresIn} s. Paste a new one and refresh it, or wait and see.`);
    const notice = this.find('.notice');
    notice.hidden = text === '';
    notice.classList.toggle('bad', trouble !== '');
    // Said again, a screen reader would repeat it.
    if (notice.textContent !== text) notice.textContent = text;
    const isWrong = trouble !== '' && !isGatewayUrl(this.url);
    this.form.url.setAttribute('aria-invalid', String(isWrong));
  }

  #drawRooms() {
    const list = this.find('.room-list');
    const { rooms } = this.connection;
    for (const row of [...list.children]) if (!rooms.has(row.dataset.room)) row.remove();
    for (const [name, room] of rooms) {
      const row = [...list.children].find(({ dataset }) => dataset.room === name)
        ?? list.appendChild(this.#makeRoom(name, room));
      this.#drawRoom(row, room);
    }
  }

  #makeRoom(name, room) {
    const typing = element('button', { type: 'button', className: 'typing' });
    const leave = element('button', { type: 'button', className: 'leave' }, 'Leave');
    typing.addEventListener('click', () => this.connection.type(room, !room.isTyping));
    leave.addEventListener('click', () => this.connection.leave(room));
    typing.title = `Tell the others in ${name}`;
    leave.title = `Leave ${name}`;
    const row = element('li', {}, element('code', {}, name),
      element('span', { className: 'typists' }), typing, leave);
    row.dataset.room = name;
    return row;
  }

  #drawRoom(row, room) {
    const typing = row.querySelector('.typing');
    const typists = [...new Set(room.typists.values())];
    typing.disabled = !room.isJoined;
    typing.textContent = room.isTyping ? 'Stop typing' : 'Start typing';
    typing.setAttribute('aria-pressed', String(room.isTyping));
    row.querySelector('.typists').textContent = typists.length === 0 ? ''
      : `${typists.slice(0, 3).join(', ')}${typists.length > 3 ? ' and others' : ''} typing`;
    row.classList.toggle('lively', typists.length > 0);
  }

  #emptiness() {
    if (this.connection.state !== 'on') {
      return ['Nothing yet', this.token === ''
        ? 'Paste a token and connect. compose/up prints one; ws-token makes others.'
        : 'Connect to see events as they arrive.'];
    }
    return ['No events', 'Join a room and type in the other client, or publish an event above.'];
  }
}
