// The relay's HTTP API as a service without RabbitMQ uses it.
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { request } from './http.mjs';
import { judge } from './openapi.mjs';

export const API_KEY = 'the-first-key-of-the-api';

// The settings of a relay with an API, on a port that it picks, whose keys are these lines.
export async function apiSettings(lines = [`test ${API_KEY}`]) {
  const dir = await mkdtemp(join(tmpdir(), 'api-keys-'));
  after(() => rm(dir, { recursive: true, force: true }));
  const API_KEY_FILE = join(dir, 'keys');
  await writeKeys(API_KEY_FILE, lines);
  return { API_PORT: '0', API_KEY_FILE };
}

// A file of the gateway: the built-in one, presence of users and of the rooms "lobby:…", and events that name their
// rooms.
export async function presenceFile(graceSeconds = 5) {
  const dir = await mkdtemp(join(tmpdir(), 'presence-'));
  after(() => rm(dir, { recursive: true, force: true }));
  const file = JSON.parse(await readFile(
    new URL('../../../common/gateway_file/gateway.json', import.meta.url), 'utf8'));
  file.users = { presence: true, graceSeconds };
  file.publish = true;
  file.rooms.lobby = { join: 'open', presence: true };
  const path = join(dir, 'gateway.json');
  await writeFile(path, JSON.stringify(file));
  return path;
}

// Whole, in one step, as it should be done.
export async function writeKeys(path, lines) {
  await writeFile(`${path}.new`, `${lines.join('\n')}\n`);
  await rename(`${path}.new`, path);
}

export class Api {
  static async of(relay, key = API_KEY) {
    const [, port] = await relay.logs(/HTTP API open.* port=(\d+)/);
    return new Api(`http://127.0.0.1:${port}`, key);
  }

  constructor(url, key) {
    Object.assign(this, { url, key });
  }

  with(key) {
    return new Api(this.url, key);
  }

  // Resolves with {status, headers, json()}, which docs/openapi.yaml allows. A body that is no string is sent as JSON,
  // and a header that is null is not sent.
  async ask(method, path, body, headers = {}) {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const all = {
      ...(this.key ? { Authorization: `Bearer ${this.key}` } : {}),
      ...(text === undefined ? {} : {
        'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text),
      }),
      ...headers,
    };
    const answer = await request(this.url + path, { method, body: text, headers:
      Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null)) });
    judge(method, path, answer);
    return answer;
  }

  // What is done with a user: disconnect, revoke, leave.
  command(user, what, body) {
    return this.ask('POST', `/v1/users/${encodeURIComponent(user)}/${what}`, body);
  }

  publish(routingKey, body, headers) {
    return this.ask('POST', `/v1/events/${encodeURIComponent(routingKey)}`, body, headers);
  }
}
