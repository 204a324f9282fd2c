// The official client, remembering everything that it received and comparing it with the contract.
import { io } from 'socket.io-client';
import { ackFault, eventFault, refusalFault } from './contract.mjs';
import { token } from './tokens.mjs';
import { until, within, PATIENCE_MS } from './wait.mjs';

export class Client {
  // `further` are events that the contract does not name: those of routes of one's own. With
  // `judged` false it is not compared: another gateway answers.
  constructor(url, { further = [], judged = true, ...options } = {}) {
    this.received = []; // {event, args} in order of arrival
    this.faults = [];
    this.disconnects = [];
    this.socket = io(url, {
      forceNew: true,
      reconnection: false,
      transports: ['websocket'],
      ...options,
    });
    this.positions = new Map();
    this.socket.onAny((event, ...args) => {
      this.received.push({ event, args });
      const fault = judged && !further.includes(event) && eventFault(event, args);
      if (fault) this.faults.push(fault);
    });
    this.socket.on('disconnect', (reason) => this.disconnects.push(reason));
  }

  get id() {
    return this.socket.id;
  }

  get transport() {
    return this.socket.io.engine.transport.name;
  }

  // The bodies of all events of that name so far.
  all(event) {
    return this.received.filter((entry) => entry.event === event).map(({ args }) => args[0]);
  }

  // The body of the next event of that name that no earlier call has returned.
  async next(event, ms = PATIENCE_MS) {
    const position = this.positions.get(event) ?? 0;
    this.positions.set(event, position + 1);
    await until(`"${event}"`, () => this.all(event).length > position, ms);
    return this.all(event)[position];
  }

  async ack(event, ...args) {
    const answer = await this.socket.timeout(PATIENCE_MS).emitWithAck(event, ...args);
    const fault = ackFault(event, answer);
    if (fault) throw new Error(fault);
    return answer;
  }

  async join(roomType, roomId) {
    const answer = await this.ack('join_room', { roomType, roomId });
    if (answer.success !== true) throw new Error(`join_room: ${JSON.stringify(answer)}`);
  }

  // Resolves with the message of the CONNECT_ERROR, fails when the client is let in.
  refusal() {
    return within('a refusal', new Promise((resolve, reject) => {
      this.socket.on('connect_error', (error) => {
        const fault = refusalFault(error);
        if (fault) reject(new Error(fault));
        else resolve(error.message);
      });
      this.socket.on('connect', () => reject(new Error('the client was let in')));
    }));
  }

  connected() {
    return within('a connection', new Promise((resolve, reject) => {
      this.socket.once('connect', resolve);
      this.socket.once('connect_error', reject);
    }));
  }

  close() {
    this.socket.disconnect();
  }

  checkContract() {
    if (this.faults.length > 0) throw new Error(this.faults.join('\n'));
  }
}

let rooms = 0;

// A conversation that no other test of this file knows: its members may still be on their way out.
export function newConversation() {
  rooms += 1;
  const which = { roomType: 'conversation', roomId: `c${rooms}` };
  return { which, id: which.roomId, name: `conversation:${which.roomId}` };
}

// A client that is not waited for. When the test `t` ends, it is closed, and everything that it has
// received must have been as docs/asyncapi.yaml says.
export function client(t, edge, { userId, ...options } = {}) {
  const auth = userId === undefined ? {} : { auth: { token: token({ id: userId }) } };
  const made = new Client(edge.url, { ...auth, ...options });
  t.after(() => {
    made.close();
    made.checkContract();
  });
  return made;
}

// A client that is connected and has its user room.
export async function connect(t, edge, options) {
  const made = client(t, edge, options);
  await made.connected();
  await made.next('connected');
  return made;
}
