// The containers that docker-compose has started, as tests see them. The commands take engine,
// project and file from the environment.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { until } from '../integration/support/wait.mjs';

const run = promisify(execFile);

export async function docker(...args) {
  return (await run('docker', args)).stdout.trim();
}

export async function compose(...args) {
  const { stdout, stderr } = await run('docker-compose', args);
  return stdout + stderr;
}

// What `docker inspect` says of the containers of a service, or of all. Sorted by name.
export async function containers(service) {
  const label = 'com.docker.compose';
  const filters = [`${label}.project=${process.env.COMPOSE_PROJECT_NAME}`];
  if (service) filters.push(`${label}.service=${service}`);
  const ids = await docker('ps', '--quiet', ...filters.flatMap((f) => ['--filter', `label=${f}`]));
  if (!ids) return [];
  const found = JSON.parse(await docker('inspect', ...ids.split('\n')));
  return found.map((container) => ({
    id: container.Id,
    name: container.Name.slice(1),
    service: container.Config.Labels[`${label}.service`],
    health: container.State.Health?.Status,
    restarts: container.RestartCount,
    config: container.Config,
    host: container.HostConfig,
    addresses: Object.values(container.NetworkSettings.Networks).map((n) => n.IPAddress),
    address: (network) => container.NetworkSettings.Networks[
      `${process.env.COMPOSE_PROJECT_NAME}_${network}`].IPAddress,
  })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

export async function untilHealthy(ms = 60_000) {
  await until('all containers to be healthy', async () => {
    const all = await containers();
    return all.length > 0 && all.every(({ health }) => health === 'healthy');
  }, ms);
}

// A command in a container; what it prints, and false in place of it when it fails.
export async function inside(container, ...command) {
  try {
    return await docker('exec', container.id, ...command);
  } catch {
    return false;
  }
}

// {user id: name of the edge that serves it}, by the rooms that the edges name.
export async function whereUsersAre() {
  const places = {};
  for (const edge of await containers('edge')) {
    const answer = await fetch(`http://${edge.address('front')}:3002/metrics`);
    for (const room of (await answer.json()).rooms) {
      const user = /^user:(.*)/.exec(room.name ?? room)?.[1];
      if (user) places[user] = edge.name;
    }
  }
  return places;
}

// The value of a metric of Prometheus on an operations port; 0 when it is not there.
export async function metric(container, network, port, name) {
  const answer = await fetch(`http://${container.address(network)}:${port}/metrics`);
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(await answer.text())?.[1] ?? 0);
}
