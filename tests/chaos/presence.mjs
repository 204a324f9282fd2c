// Who is online and how many are in each room, as Redis has it and as the suite knows it. Pure but for
// the script that reads it.
import { livesOf } from './checker.mjs';

const UNNOTED_MS = 4000; // of such a leave Redis may not know
const CROWD = 'crowd';
const WORDS = { asking: 'maybe', joined: 'in', leaving: 'maybe', left: 'out' };

// KEYS: the hashes. The sum of each, over the edges that are alive.
const SCRIPT = `local sums = {}
for i, key in ipairs(KEYS) do
  local all = redis.call('HGETALL', key)
  sums[i] = 0
  for j = 1, #all, 2 do
    if all[j] ~= '' and redis.call('EXISTS', 'ws:edges:' .. all[j]) == 1 then
      sums[i] = sums[i] + tonumber(all[j + 1])
    end
  end
end
return sums`;

// For the gateway file.
export const USERS = { presence: true, graceSeconds: 1 };

const keyOf = (name) => (name.includes(':') ? `ws:room-count:${name}` : `ws:user:${name}`);

// {name: count}, of users and rooms.
export async function read(stack, names) {
  const sums = await stack.redisDo('EVAL', SCRIPT, String(names.length), ...names.map(keyOf));
  return Object.fromEntries(names.map((name, i) => [name, sums[i]]));
}

// Of a request without an answer, or whose answer Redis may not have noted, nobody knows.
function roomsOf(history) {
  const rooms = new Map();
  const asked = new Map();
  for (const { kind, room, at } of livesOf(history).at(-1)?.entries ?? []) {
    if (!WORDS[kind]) continue;
    if (kind === 'leaving') asked.set(room, at);
    const unnoted = kind === 'left' && at - asked.get(room) > UNNOTED_MS;
    rooms.set(room, unnoted ? 'maybe' : WORDS[kind]);
  }
  return rooms;
}

// {name: [at least, at most]}. The crowd is one user, and each of it is in one room.
export function expected(clients, rooms, many) {
  const counts = Object.fromEntries(rooms.map((room, i) => {
    const some = Math.floor(many / rooms.length) + (i < many % rooms.length ? 1 : 0);
    return [room, [some, some]];
  }));
  for (const { user, history } of clients) {
    counts[user] = [1, 1];
    for (const [room, word] of roomsOf(history)) {
      counts[room][0] += word === 'in' ? 1 : 0;
      counts[room][1] += word === 'out' ? 0 : 1;
    }
  }
  counts[CROWD] = [many, many];
  return counts;
}

export const nobody = (counts) => Object.fromEntries(Object.keys(counts).map((name) => [name, [0, 0]]));

export function checkPresence(counts, found) {
  return Object.entries(counts)
    .filter(([name, [least, most]]) => !(found[name] >= least && found[name] <= most))
    .map(([name, [least, most]]) => ({ rule: 'presence',
      text: `${name}: ${found[name]}, and not ${least === most ? least : `${least} to ${most}`}` }));
}
