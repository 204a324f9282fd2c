// An identity provider as far as the gateway asks it: it has keys, says which, and signs tokens.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import jwt from 'jsonwebtoken';
import { nowSeconds } from './tokens.mjs';
import { until } from './wait.mjs';

// A key pair that signs with ES256, and its public half as a key set shows it.
export class Key {
  constructor(id) {
    this.id = id;
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.private = privateKey;
    this.jwk = { ...publicKey.export({ format: 'jwk' }), kid: id, alg: 'ES256', use: 'sig' };
  }

  token(userId, { expiresIn = 3600 } = {}) {
    return jwt.sign({ id: userId, exp: nowSeconds() + expiresIn }, this.private,
      { algorithm: 'ES256', keyid: this.id });
  }
}

export class KeyServer {
  // `tls` has key and cert.
  static async start({ tls, port = 0, keys = [] } = {}) {
    const server = new KeyServer();
    server.requests = [];
    server.show(...keys);
    const listener = (req, res) => {
      server.requests.push(req);
      server.rule(req, res);
    };
    server.server = tls ? createSecureServer(tls, listener) : createServer(listener);
    await new Promise((done) => { server.server.listen(port, '127.0.0.1', done); });
    server.port = server.server.address().port;
    server.url = `${tls ? 'https' : 'http'}://localhost:${server.port}/jwks?p=1`;
    return server;
  }

  // From now on the set has these keys.
  show(...keys) {
    const text = JSON.stringify({ keys: keys.map(({ jwk }) => jwk) });
    this.say((req, res) => res.end(text));
  }

  // From now on it answers by this function, which is given request and response.
  say(rule) {
    this.rule = rule;
  }

  // It takes its time; the function that is returned answers with these keys.
  hold() {
    const held = [];
    this.say((req, res) => held.push(res));
    return (...keys) => {
      this.show(...keys);
      for (const res of held.splice(0)) this.rule(undefined, res);
    };
  }

  async isAsked(times = 1) {
    const before = this.requests.length;
    await until(`${times} requests of a key set`, () => this.requests.length >= before + times);
  }

  close() {
    this.server.closeAllConnections();
    return new Promise((done) => { this.server.close(done); });
  }
}
