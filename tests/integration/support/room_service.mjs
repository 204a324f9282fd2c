// A service of HomeTrip as far as the gateway asks it: who may see a conversation or a notification.
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { until } from './wait.mjs';

export class RoomService {
  // `tls` has key and cert.
  static async start({ tls, port = 0 } = {}) {
    const service = new RoomService();
    service.requests = []; // of all, in the order of their coming
    service.rules = new Map();
    service.connections = 0;
    const listener = (req, res) => service.#take(req, res);
    service.server = tls ? createSecureServer(tls, listener) : createServer(listener);
    service.server.on('connection', () => { service.connections += 1; });
    service.server.keepAliveTimeout = 60_000;
    await new Promise((done) => { service.server.listen(port, '127.0.0.1', done); });
    service.port = service.server.address().port;
    service.url = `${tls ? 'https://localhost' : 'http://127.0.0.1'}:${service.port}`;
    return service;
  }

  #take(req, res) {
    const id = decodeURIComponent(req.url.split('?')[0].split('/').at(-1));
    const request = { method: req.method, path: req.url, headers: req.headers,
      version: req.httpVersion, id };
    this.requests.push(request);
    res.on('close', () => { request.over = true; });
    const rule = this.rules.get(id) ?? 200;
    if (typeof rule === 'function') rule(req, res);
    else res.writeHead(rule).end('{"id":"its own affair"}');
  }

  // What it answers about that id: a status, or a function that is given request and response.
  say(id, rule) {
    this.rules.set(String(id), rule);
  }

  // It takes its time with that id; the function that is returned gives the answer.
  hold(id, status = 200) {
    const held = [];
    this.say(id, (req, res) => held.push(res));
    return () => {
      this.say(id, status);
      for (const res of held.splice(0)) res.writeHead(status).end();
    };
  }

  asked(id) {
    return this.requests.filter((request) => request.id === String(id));
  }

  async isAsked(id, times = 1) {
    await until(`${times} questions about ${id}`, () => this.asked(id).length >= times);
  }

  close() {
    this.server.closeAllConnections();
    return new Promise((done) => { this.server.close(done); });
  }
}
