// A TCP proxy between a client and the edges, for breaking connections in all the ways in which
// networks do.
import { connect, createServer } from 'node:net';

// How many bytes at the end may be the beginning of the mark, whose rest comes with the next read.
function begun(bytes, mark) {
  let length = Math.min(mark.length - 1, bytes.length);
  while (!bytes.subarray(bytes.length - length).equals(mark.subarray(0, length))) length -= 1;
  return length;
}

export class Line {
  // Ends when the test `t` does.
  static async to(t, edge) {
    const line = new Line();
    line.edge = edge;
    line.pairs = new Set();
    line.open = true;
    line.budget = Infinity; // bytes that may still pass to clients
    line.cuts = []; // how often that ran out
    line.server = createServer((client) => line.#accept(client));
    await new Promise((resolve) => { line.server.listen(0, '127.0.0.1', resolve); });
    line.url = `http://127.0.0.1:${line.server.address().port}`;
    t.after(() => line.close());
    return line;
  }

  #accept(client) {
    client.on('error', () => {});
    if (!this.open) {
      client.destroy();
      return;
    }
    const server = connect(this.edge.port, '127.0.0.1');
    const pair = { client, server, kept: Buffer.alloc(0) };
    this.pairs.add(pair);
    server.on('error', () => {});
    server.setNoDelay(true);
    client.setNoDelay(true);
    client.on('data', (bytes) => { if (!pair.silent) server.write(bytes); });
    server.on('data', (bytes) => this.#toClient(pair, bytes));
    const end = () => {
      if (pair.silent) return;
      this.pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    client.on('close', end);
    server.on('close', end);
  }

  #toClient(pair, bytes) {
    if (pair.silent || pair.muted) return;
    const come = Buffer.concat([pair.kept, bytes]);
    const at = this.mark ? come.indexOf(this.mark) : -1;
    const keeps = this.mark && at < 0 ? begun(come, this.mark) : 0;
    pair.kept = come.subarray(come.length - keeps);
    if (at >= 0) {
      this.budget = at; // of the frame that it stands in, the header may pass
      this.mark = undefined;
    }
    const due = come.length - keeps;
    const passing = come.subarray(0, Math.min(due, this.budget));
    this.budget -= passing.length;
    if (passing.length > 0) pair.client.write(passing);
    if (passing.length === due) return;
    this.budget = Infinity;
    if (this.mutes) {
      pair.muted = true;
      return;
    }
    this.cuts.push(pair);
    if (this.refuses) this.refuse();
    pair.client.end();
    pair.server.destroy();
  }

  // Both ends see the connection close.
  cut() {
    for (const { client, server } of this.pairs) {
      client.destroy();
      server.destroy();
    }
  }

  // The client sees its connection close, the edge sees nothing, for good: half-open.
  abandon() {
    for (const pair of this.pairs) {
      pair.silent = true;
      pair.client.destroy();
    }
  }

  // Nothing that the edge says is taken any more.
  stall() {
    for (const { server } of this.pairs) server.pause();
  }

  // Cuts once so many bytes more have gone to the client. With `refuses` the client does not get
  // through again before let().
  cutAfter(bytes, { refuses = false } = {}) {
    this.budget = bytes;
    this.mutes = false;
    this.refuses = refuses;
  }

  // The same before the next event of that name.
  cutAt(event, { refuses = false } = {}) {
    this.mark = Buffer.from(`42["${event}"`);
    this.mutes = false;
    this.refuses = refuses;
  }

  // From that event on nothing reaches the client, which may go on talking.
  muteAt(event) {
    this.mark = Buffer.from(`42["${event}"`);
    this.mutes = true;
  }

  // Whoever comes from now on is turned away, until let().
  refuse() {
    this.open = false;
  }

  // Lets clients come, to that edge.
  let(edge = this.edge) {
    this.edge = edge;
    this.open = true;
    this.refuses = false;
  }

  close() {
    this.server.close();
    this.open = false;
    for (const pair of this.pairs) {
      pair.client.destroy();
      pair.server.destroy();
    }
  }
}
