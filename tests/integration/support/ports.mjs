// Ports that nothing listens on, below those that the kernel gives to outgoing connections: one of
// these could be taken between being found and being used. Others (compose/lib) look above 20000,
// and tests/integration/run.mjs and each of its lanes have a share of their own.
import { createServer } from 'node:net';

const given = new Set();

// The lowest of our share, and how many it has.
function share() {
  const count = Math.floor(10_000 / Number(process.env.TEST_LANES ?? 1));
  return { lowest: 10_000 + count * Number(process.env.TEST_LANE ?? 0), count };
}

function listen(port) {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(null));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

async function occupy() {
  const { lowest, count } = share();
  for (let tries = 0; tries < 1000; tries++) {
    const port = lowest + Math.floor(Math.random() * count);
    if (given.has(port)) continue;
    given.add(port);
    const server = await listen(port);
    if (server) return server;
  }
  throw new Error(`no free port was found between ${lowest} and ${lowest + count - 1}`);
}

// Several at once, so that they differ: all are held until the last one is found.
export async function freePorts(count) {
  const servers = await Promise.all(Array.from({ length: count }, occupy));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((done) => { server.close(done); })));
  return ports;
}

export async function freePort() {
  return (await freePorts(1))[0];
}
