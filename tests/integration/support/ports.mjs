// Ports that nothing listens on, below those that the kernel gives to outgoing connections: one of
// these could be taken between being found and being used. Others (compose/lib) look above 20000,
// and each lane of tests/integration/run.mjs has a share of its own.
import { createServer } from 'node:net';

const SHARE = Math.floor(10_000 / Number(process.env.TEST_LANES ?? 1));
const LOWEST = 10_000 + SHARE * Number(process.env.TEST_LANE ?? 0);
const HIGHEST = LOWEST + SHARE - 1;
const given = new Set();

function listen(port) {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(null));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

async function occupy() {
  for (let tries = 0; tries < 1000; tries++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST + 1));
    if (given.has(port)) continue;
    given.add(port);
    const server = await listen(port);
    if (server) return server;
  }
  throw new Error(`no free port was found between ${LOWEST} and ${HIGHEST}`);
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
