// A TCP proxy that can lose what the server answers: the server has done what it was asked for,
// and who asked never hears of it.
import { connect, createServer } from 'node:net';

export class Wire {
  static async to(port) {
    const wire = new Wire();
    wire.pairs = new Set();
    wire.losing = null; // called when an answer was lost, while one is to be lost
    wire.server = createServer((client) => wire.#join(client, port));
    await new Promise((resolve) => { wire.server.listen(0, '127.0.0.1', resolve); });
    wire.port = wire.server.address().port;
    return wire;
  }

  #join(client, port) {
    const server = connect(port, '127.0.0.1');
    const pair = [client, server];
    this.pairs.add(pair);
    const part = () => {
      this.pairs.delete(pair);
      for (const socket of pair) socket.destroy();
    };
    for (const socket of pair) socket.setNoDelay(true).on('error', part).on('close', part);
    client.pipe(server);
    server.on('data', (answer) => {
      if (this.losing) this.losing();
      else client.write(answer);
    });
  }

  // Loses the next answer, and the connections.
  async loseAnswer() {
    await new Promise((resolve) => { this.losing = resolve; });
    for (const pair of this.pairs) for (const socket of pair) socket.destroy();
    this.losing = null;
  }

  close() {
    this.server.close();
    for (const pair of this.pairs) for (const socket of pair) socket.destroy();
  }
}
