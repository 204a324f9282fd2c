// A real Prometheus on loopback that scrapes the programs of a test file.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from './child.mjs';
import { request } from './http.mjs';
import { freePort } from './ports.mjs';
import { Hopeless, until } from './wait.mjs';

// JSON is YAML. The jobs have the names that they have in compose/monitoring/prometheus.yml.
function configuration(jobs, rules) {
  return JSON.stringify({
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [rules],
    scrape_configs: Object.entries(jobs).map(([job, processes]) => ({
      job_name: job,
      static_configs: [{ targets: processes.map(({ opsUrl }) => new URL(opsUrl).host) }],
    })),
  });
}

export class PrometheusServer {
  // `jobs` are lists of processes by name of the job, `rules` the path of a file of rules.
  static async start(jobs, rules) {
    const server = new PrometheusServer();
    server.dir = await mkdtemp(join(tmpdir(), 'prometheus-'));
    await writeFile(join(server.dir, 'prometheus.yml'), configuration(jobs, rules));
    const port = await freePort();
    server.url = `http://127.0.0.1:${port}`;
    server.child = new Child('prometheus', [
      `--config.file=${join(server.dir, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(server.dir, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ], { name: 'prometheus', cwd: server.dir });
    await until('Prometheus', async () => {
      if (!server.child.running) throw new Hopeless(server.child.output);
      return (await request(`${server.url}/-/ready`)).status === 200;
    });
    return server;
  }

  // The data of an answer of its API; an error of it is thrown.
  async #ask(path) {
    const answer = (await request(this.url + path)).json();
    if (answer.status !== 'success') throw new Error(`${answer.error}: ${path}`);
    return answer.data;
  }

  // The series that a query returns now: [{ metric, value }].
  async query(expression) {
    const { result } = await this.#ask(`/api/v1/query?query=${encodeURIComponent(expression)}`);
    return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
  }

  async rules() {
    const { groups } = await this.#ask('/api/v1/rules');
    return groups.flatMap(({ rules }) => rules);
  }

  async targets() {
    return (await this.#ask('/api/v1/targets')).activeTargets;
  }

  async stop() {
    await this.child.stop();
    await rm(this.dir, { recursive: true, force: true });
  }
}
