// What the page says of times, tokens and events. Functions of their arguments only.

const SHOWN_MAX = 20_000; // characters of one event's JSON

export function clockTime(ms) {
  const date = new Date(ms);
  const two = (number) => String(number).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
    + `.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

// Milliseconds from the event's own timestamp to its arrival; null when it has none.
export function latencyOf(body, arrivedAt) {
  const sentAt = typeof body?.timestamp === 'string' ? Date.parse(body.timestamp) : NaN;
  return Number.isNaN(sentAt) ? null : arrivedAt - sentAt;
}

const UNITS = [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]];

// "12 ms", "45 s", "6 d 23 h".
export function duration(ms) {
  if (Math.abs(ms) < 10_000) return `${Math.round(ms)} ms`;
  let left = Math.round(Math.abs(ms) / 1000);
  const parts = UNITS.map(([unit, length]) => {
    const count = Math.floor(left / length);
    left -= count * length;
    return [count, unit];
  });
  const first = parts.findIndex(([count]) => count > 0);
  const shown = parts.slice(first, first + 2).filter(([count]) => count > 0);
  return (ms < 0 ? '−' : '') + shown.map((part) => part.join(' ')).join(' ');
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

// The claims of a token, unverified; null when it is none.
export function readClaims(token) {
  try {
    const bytes = Uint8Array.from(
      atob(token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/')),
      (character) => character.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes));
    return typeof claims === 'object' ? claims : null;
  } catch {
    return null;
  }
}

// Whose token it is by its claims; null when they do not say it.
export function userOf(claims) {
  return claims?.id ?? claims?.userId ?? claims?.sub ?? null;
}

export function describeToken(token, now) {
  if (token === '') return '';
  const claims = readClaims(token);
  if (!claims) return 'is no JSON Web Token';
  const who = userOf(claims) ?? 'no user id';
  if (typeof claims.exp !== 'number') return `of ${who}, does not expire`;
  const left = claims.exp * 1000 - now;
  return left > 0 ? `of ${who}, expires in ${duration(left)}` : `of ${who}, expired`;
}

const BESIDE = {
  connected: ({ userId }) => `as ${userId}`,
  user_joined: ({ userId, room }) => `${userId} in ${room}`,
  user_left: ({ userId, room }) => `${userId} from ${room}`,
  user_typing: ({ userId, room }) => `${userId} in ${room}`,
  user_stop_typing: ({ userId, room }) => `${userId} in ${room}`,
  new_message: ({ senderId, message }) => `${senderId}: ${message}`,
  booking_update: ({ bookingId, status }) => `${bookingId} ${status}`,
  new_notification: ({ title, message }) => title ?? message,
  token_expiring_soon: ({ expiresIn }) => `in ${expiresIn} s`,
};

// One line for the list.
export function summaryOf(name, body) {
  const known = Object.hasOwn(BESIDE, name) && body && typeof body === 'object';
  const text = known ? String(BESIDE[name](body)) : JSON.stringify(body) ?? '';
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

// To which family an event belongs; each has a colour.
export function familyOf(name) {
  if (name.startsWith('user_')) return 'presence';
  if (name.startsWith('token_')) return 'alert';
  return { new_message: 'message', booking_update: 'booking', new_notification: 'notification' }[name]
    ?? 'other';
}

export function prettyJson(value) {
  const text = JSON.stringify(value, null, 2) ?? 'undefined';
  return text.length > SHOWN_MAX
    ? `${text.slice(0, SHOWN_MAX)}\n… ${text.length - SHOWN_MAX} further characters` : text;
}
