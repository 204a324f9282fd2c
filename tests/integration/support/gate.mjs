// A TCP proxy in front of an edge that holds WebSocket handshakes back until it is opened, so that
// a test decides when a polling client changes its transport.
import { connect, createServer } from 'node:net';

export class Gate {
  static async before(edge) {
    const gate = new Gate();
    gate.open = false;
    gate.held = [];
    gate.sockets = new Set();
    gate.server = createServer((client) => gate.#accept(client, edge.port));
    await new Promise((resolve) => { gate.server.listen(0, '127.0.0.1', resolve); });
    gate.url = `http://127.0.0.1:${gate.server.address().port}`;
    return gate;
  }

  #accept(client, port) {
    this.#track(client);
    client.once('data', (head) => {
      client.pause();
      const pass = () => this.#pass(client, head, port);
      if (!this.open && head.includes('transport=websocket')) this.held.push(pass);
      else pass();
    });
  }

  #pass(client, head, port) {
    const server = connect(port, '127.0.0.1');
    this.#track(server);
    server.setNoDelay(true);
    server.write(head);
    client.pipe(server);
    server.pipe(client);
    client.on('close', () => server.destroy());
    server.on('close', () => client.destroy());
  }

  #track(socket) {
    this.sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.sockets.delete(socket));
  }

  // Lets every handshake pass, those that wait and those to come.
  letPass() {
    this.open = true;
    for (const pass of this.held.splice(0)) pass();
  }

  close() {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}
