// A TCP proxy in front of Redis that breaks connections in the ways in which networks do.
import { connect, createServer } from 'node:net';

const everyPair = () => true;

// The connections that have subscribed to something.
export const subscriptions = (pair) => pair.subscribes;

// The connections of replicas.
export const replications = (pair) => pair.replicates;

export class Wire {
  static async to(port) {
    const wire = new Wire();
    wire.target = port; // of connections to come
    wire.pairs = new Set();
    wire.frozen = false;
    wire.forging = null; // takes an answer that is to be forged
    wire.losing = null; // what a question has in it whose answer is to be lost, and whom to tell
    wire.freezing = null; // the same of a question that is not to pass any more
    wire.server = createServer((client) => wire.#join(client));
    await new Promise((resolve) => { wire.server.listen(0, '127.0.0.1', resolve); });
    wire.port = wire.server.address().port;
    return wire;
  }

  #join(client) {
    const server = connect(this.target, '127.0.0.1');
    const pair = { client, server, subscribes: false, replicates: false, muted: false, loses: false };
    this.pairs.add(pair);
    const part = () => {
      this.pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      socket.setNoDelay(true).on('error', part).on('close', part);
    }
    client.on('data', (question) => {
      pair.subscribes ||= question.includes('SUBSCRIBE');
      pair.replicates ||= question.includes('PSYNC');
      if (this.freezing && question.includes(this.freezing.about)) {
        this.freeze();
        this.freezing.told();
        this.freezing = null;
      }
      pair.loses ||= this.losing && question.includes(this.losing.about);
      if (!this.frozen) server.write(question);
    });
    server.on('data', (answer) => {
      if (this.forging && this.forging(pair, answer)) return;
      if (pair.loses) this.losing?.told();
      else if (!pair.muted && !this.frozen) client.write(answer);
    });
  }

  // Loses what the server says once it was asked something with `about` in it, and the connections:
  // it has done what it was asked for, and who asked never hears of it.
  async loseAnswer(about) {
    await new Promise((told) => { this.losing = { about, told }; });
    this.losing = null;
    this.#part();
  }

  #part() {
    for (const { client, server } of this.pairs) {
      client.destroy();
      server.destroy();
    }
  }

  // Resets connections: the client's next look at its socket is an error. Returns how many.
  reset(chosen = everyPair) {
    const pairs = [...this.pairs].filter(chosen);
    for (const { client } of pairs) client.resetAndDestroy();
    return pairs.length;
  }

  // Whatever the server says on these connections is lost from now on; TCP stays as it is.
  mute(chosen = everyPair) {
    const pairs = [...this.pairs].filter(chosen);
    for (const pair of pairs) pair.muted = true;
    return pairs.length;
  }

  // Puts `answer` in the place of the next one that is a number alone, as PUBLISH has.
  forge(answer, chosen = everyPair) {
    return new Promise((resolve) => {
      this.forging = (pair, genuine) => {
        if (!chosen(pair) || !/^:\d+\r\n$/.test(genuine.toString('latin1'))) return false;
        this.forging = null;
        pair.client.write(answer);
        resolve();
        return true;
      };
    });
  }

  // From now on nothing passes in either direction, on old connections and new ones.
  freeze() {
    this.frozen = true;
  }

  // The same from the moment in which something with `about` in it is asked.
  freezeAt(about) {
    return new Promise((told) => { this.freezing = { about, told }; });
  }

  // What was said meanwhile is lost, and the connections with it.
  thaw() {
    this.frozen = false;
    this.#part();
  }

  close() {
    this.server.close();
    this.#part();
  }
}
