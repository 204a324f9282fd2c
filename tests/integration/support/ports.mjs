// Ports that nothing listens on.
import { createServer } from 'node:net';

// Several at once, so that they differ: all are held until the last one is found.
export async function freePorts(count) {
  const servers = await Promise.all(Array.from({ length: count }, () =>
    new Promise((resolve, reject) => {
      const server = createServer().once('error', reject);
      server.listen(0, '127.0.0.1', () => resolve(server));
    })));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((done) => { server.close(done); })));
  return ports;
}

export async function freePort() {
  return (await freePorts(1))[0];
}
