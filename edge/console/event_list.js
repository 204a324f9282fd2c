// The list of what one client received and sent, newest first.
//
// It keeps the newest 300 records, on the page as well as while it is paused; older ones go and
// are counted. Records are put on the page once per frame, however many come.
import { colouredJson, element } from './elements.js';
import { clockTime, duration, familyOf, latencyOf, median, prettyJson, summaryOf } from './texts.js';

const KEPT = 300;
const LATENCIES = 100;

const ARROWS = { in: ['↓', 'received'], out: ['↑', 'sent'], note: ['•', 'note'] };

function timing({ latency, ackMs }) {
  if (typeof latency === 'number') return element('span', { className: 'timing' }, duration(latency));
  if (typeof ackMs !== 'number') return element('span', { className: 'timing' });
  return element('span', { className: 'timing' }, element('small', {}, 'ack '), duration(ackMs));
}

function headOf(record) {
  const [arrow, meaning] = ARROWS[record.direction];
  return element('summary', {},
    element('time', {}, clockTime(record.at)),
    element('span', { className: 'arrow', title: meaning },
      arrow, element('span', { className: 'unseen' }, meaning)),
    element('b', { className: 'name' }, record.name),
    element('span', { className: 'said' },
      record.failure ? `${record.summary} ${record.failure}` : record.summary),
    timing(record));
}

function rowOf(record) {
  const row = element('details', {}, headOf(record));
  // Most are never opened, and a body may be large.
  row.addEventListener('toggle', () => row.append(colouredJson(prettyJson(record.detail))),
    { once: true });
  const family = record.direction === 'in' ? familyOf(record.name) : record.direction;
  return element('li', { className: record.failure ? 'alert' : family }, row);
}

export class EventList {
  constructor(root) {
    this.root = root;
    this.find = (selector) => root.querySelector(selector);
    this.list = this.find('.event-list');
    this.waiting = []; // not on the page yet, oldest first
    this.latencies = [];
    this.received = 0;
    this.dropped = 0;
    this.isPaused = false;
    this.find('.pause').addEventListener('click', () => this.#pause(!this.isPaused));
    this.find('.clear').addEventListener('click', () => this.#clear());
    this.#showFigures();
  }

  add(record) {
    if (record.direction === 'in') this.#count(record);
    record.summary ??= summaryOf(record.name, record.body);
    this.waiting.push(record);
    if (this.waiting.length > KEPT) {
      this.waiting.shift();
      this.dropped += 1;
    }
    this.#draw();
  }

  // What stands there while there is nothing else.
  explain(title, text) {
    this.find('.empty-title').textContent = title;
    this.find('.empty-text').textContent = text;
  }

  #count(record) {
    this.received += 1;
    record.latency = latencyOf(record.body, record.at);
    if (record.latency !== null) this.latencies.push(record.latency);
    if (this.latencies.length > LATENCIES) this.latencies.shift();
  }

  #draw() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      if (!this.isPaused) this.#putOnPage();
      this.#showFigures();
    });
  }

  #putOnPage() {
    this.list.prepend(...this.waiting.splice(0).reverse().map(rowOf));
    while (this.list.childElementCount > KEPT) {
      this.list.lastElementChild.remove();
      this.dropped += 1;
    }
  }

  #pause(isPaused) {
    this.isPaused = isPaused;
    this.find('.pause').setAttribute('aria-pressed', String(isPaused));
    this.#draw();
  }

  #clear() {
    this.list.replaceChildren();
    Object.assign(this, { waiting: [], latencies: [], received: 0, dropped: 0 });
    this.#draw();
  }

  #showFigures() {
    const { waiting, latencies } = this;
    this.find('.empty').hidden = this.list.childElementCount > 0;
    this.find('.count').textContent = this.received > 0 ? String(this.received) : '';
    this.find('.pause').textContent = !this.isPaused ? 'Pause'
      : `Resume${waiting.length > 0 ? ` (${waiting.length})` : ''}`;
    const figures = latencies.length === 0 ? []
      : [`median ${duration(median(latencies))}`, `max ${duration(Math.max(...latencies))}`];
    if (this.dropped > 0) figures.push(`${this.dropped} older ones gone`);
    this.find('.figures').textContent = figures.join(' · ');
  }
}
