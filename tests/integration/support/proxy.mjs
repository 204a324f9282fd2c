// haproxy and nginx in front of the edges. A client stays at one edge by its cookie "affinity".
import { after } from 'node:test';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from './child.mjs';
import { request } from './http.mjs';
import { freePort } from './ports.mjs';
import { Hopeless, until } from './wait.mjs';

function haproxyText(port, edges, keepAlive) {
  return `
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 60s
  ${keepAlive ? 'http-reuse always' : 'option http-server-close\n  http-reuse never'}
frontend clients
  bind 127.0.0.1:${port}
  default_backend edges
backend edges
  http-request set-header X-Place place-%[req.cook(affinity)]
  balance hdr(X-Place)
${edges.map((edge, i) => `  server edge${i} 127.0.0.1:${edge.port}`).join('\n')}
`;
}

function nginxText(port, edges, keepAlive, dir) {
  return `
daemon off;
master_process off;
pid ${dir}/pid;
error_log stderr warn;
events {}
http {
  access_log off;
  client_max_body_size 4m;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) =>
    `${name}_temp_path ${dir}/${name};`).join('\n  ')}
  map $http_upgrade $connection_upgrade { default upgrade; '' '${keepAlive ? '' : 'close'}'; }
  upstream edges {
    hash place-$cookie_affinity; # not "consistent": that depends on the ports
    ${edges.map((edge) => `server 127.0.0.1:${edge.port} max_fails=0;`).join('\n    ')}
    ${keepAlive ? 'keepalive 16;' : ''}
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://edges;
      proxy_http_version 1.1;
      proxy_set_header Host $host:$server_port;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
    }
  }
}
`;
}

const PROGRAMS = {
  haproxy: { text: haproxyText, command: 'haproxy', args: (file) => ['-db', '-f', file] },
  nginx: { text: nginxText, command: 'nginx', args: (file, dir) => ['-p', dir, '-c', file] },
};

// Starts one for this test file and ends it after the last test; returns its URL.
export async function proxy(name, edges, { keepAlive }) {
  const { text, command, args } = PROGRAMS[name];
  const dir = await mkdtemp(join(tmpdir(), `${name}-`));
  const port = await freePort();
  const file = join(dir, 'conf');
  await writeFile(file, text(port, edges, keepAlive, dir));
  const path = `${process.env.PATH}:/usr/sbin`;
  const child = new Child(command, args(file, dir), { name, env: { PATH: path }, cwd: dir });
  after(async () => {
    await child.kill();
    await rm(dir, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${port}`;
  await until(name, async () => {
    if (!child.running) throw new Hopeless(child.output);
    return (await request(`${url}/health`).catch(() => ({}))).status === 200;
  });
  return url;
}
