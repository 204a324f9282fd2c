// TLS in front of a server that speaks plain text. Its certificate, and the authority that it trusts,
// can be replaced while it runs.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createServer } from 'node:tls';

export class TlsFront {
  // Trusts clients of `authority`, and no others.
  static async to(port, authority) {
    const front = new TlsFront();
    front.pairs = new Set();
    front.accepted = 0;
    front.server = createServer(front.#options(authority), (client) => front.#join(client, port));
    await new Promise((resolve) => { front.server.listen(0, '127.0.0.1', resolve); });
    front.port = front.server.address().port;
    return front;
  }

  #options(authority) {
    const { certificate, key } = authority.issue('front', { names: ['DNS:localhost'] });
    return { cert: readFileSync(certificate), key: readFileSync(key),
      ca: readFileSync(authority.certificate), requestCert: true, rejectUnauthorized: true };
  }

  #join(client, port) {
    const server = connect(port, '127.0.0.1');
    const pair = [client, server];
    this.accepted += 1;
    this.pairs.add(pair);
    for (const end of pair) {
      end.on('error', () => {});
      end.on('close', () => {
        pair.forEach((one) => one.destroy());
        this.pairs.delete(pair);
      });
    }
    client.pipe(server).pipe(client);
  }

  // Connections from now on are of this authority.
  use(authority) {
    this.server.setSecureContext(this.#options(authority));
  }

  drop() {
    for (const pair of this.pairs) pair.forEach((end) => end.destroy());
    this.pairs.clear();
  }

  async close() {
    this.drop();
    await new Promise((resolve) => { this.server.close(resolve); });
  }
}
