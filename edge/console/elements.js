// Elements of the page. Text gets in as text only: nothing here, and nothing that the page's
// policy allows, makes markup of what comes over the wire.

// element('b', { className: 'name' }, 'text', otherElement)
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((child) => child !== null));
  return made;
}

const TOKENS = /("(?:[^"\\]|\\.)*")(\s*:)?|-?\d[\d.eE+-]*|\b(?:true|false|null)\b/g;

function kindOf([text, string, colon]) {
  if (colon) return 'key';
  if (string) return 'string';
  return /^[tfn]/.test(text) ? 'word' : 'number';
}

// JSON text with a <span> for each of its values.
export function colouredJson(text) {
  const made = element('pre', { className: 'json', tabIndex: 0 });
  let end = 0;
  for (const match of text.matchAll(TOKENS)) {
    const shown = match[1] ?? match[0];
    made.append(text.slice(end, match.index), element('span', { className: kindOf(match) }, shown));
    end = match.index + shown.length;
  }
  made.append(text.slice(end));
  return made;
}

const ANNOUNCE_MS = 1000;
let waiting = []; // texts
let timer = null;

function say() {
  const [text] = waiting.slice(-1);
  timer = text ? setTimeout(say, ANNOUNCE_MS) : null;
  if (!text) return;
  const others = waiting.length - 1;
  document.getElementById('announcer').textContent = others > 0 ? `${text}, after ${others} others`
    : text;
  waiting = [];
}

// Has a screen reader say it. What comes within a second of the last is said together, as the
// newest and the number of the others.
export function announce(text) {
  waiting.push(text);
  if (timer === null) say();
}
