// What must hold for every build of the manifests. Each check yields what is wrong.
import { labelsFit, portOf, programOf } from './support/manifests.mjs';
import { lets } from './support/network.mjs';
import { refusal, settingsOf } from './support/programs.mjs';
import { schemaFaults } from './support/schema.mjs';

const USER = 10001; // of the images
const MARGIN_SECONDS = 10; // between the end of a drain and the kill
const RELAY_HEARTBEAT_SECONDS = 3; // for so long an edge waits for the relay's
const LOST_RELAY_SECONDS = 15; // three heartbeats of RabbitMQ, after which it lets another one in
const LOG_BYTES = 2 * 6 * 5e6; // all.log and error.log, each with five older ones of 5 MB

const nameOf = ({ kind, metadata }) => `${kind} ${metadata.name}`;

const podOf = (workload) => workload.spec.template.spec;

const BYTES = { '': 1, k: 1e3, M: 1e6, G: 1e9, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 };

function quantity(text) {
  const [, number, unit] = /^([\d.]+)(k|M|G|Ki|Mi|Gi)?$/.exec(text);
  return Number(number) * BYTES[unit ?? ''];
}

// [workload, container, environment] of the gateway's own.
const programs = (m) => m.gateway.map((workload) => {
  const container = podOf(workload).containers[0];
  return [workload, container, m.environment(container)];
});

export function* schema(m) {
  for (const resource of m.resources) {
    for (const fault of schemaFaults(resource)) yield `${nameOf(resource)}: ${fault}`;
  }
}

export function* selectors(m) {
  for (const { spec, ...workload } of m.workloads) {
    if (!labelsFit(spec.selector, spec.template.metadata.labels)) {
      yield `${nameOf(workload)} does not select its own pods`;
    }
    for (const { labelSelector } of spec.template.spec.topologySpreadConstraints ?? []) {
      if (!labelsFit(labelSelector, spec.template.metadata.labels)) {
        yield `${nameOf(workload)} spreads other pods than its own`;
      }
    }
  }
  for (const service of m.all('Service')) {
    if (m.workloadsOf({ matchLabels: service.spec.selector }).length !== 1) {
      yield `${nameOf(service)} does not select one workload`;
    }
  }
  for (const policy of m.all('NetworkPolicy')) {
    if (m.workloadsOf(policy.spec.podSelector).length === 0) yield `${nameOf(policy)} selects no pod`;
  }
  for (const monitor of m.all('ServiceMonitor')) {
    const watched = m.all('Service').filter(({ metadata, spec }) =>
      labelsFit(monitor.spec.selector, metadata.labels) &&
      spec.ports.some(({ name }) => name === monitor.spec.endpoints[0].port));
    if (watched.length !== m.gateway.length) yield `${nameOf(monitor)} watches ${watched.length} Services`;
  }
  for (const { metadata } of m.resources) {
    if ((metadata.namespace ?? metadata.name) !== 'websocket-gateway') {
      yield `${metadata.name} is in another namespace`;
    }
  }
}

const PROBES = ['startupProbe', 'livenessProbe', 'readinessProbe'];

export function* ports(m) {
  for (const workload of m.workloads) {
    for (const container of podOf(workload).containers) {
      for (const probe of PROBES.filter((name) => container[name])) {
        const { port } = container[probe].httpGet ?? container[probe].tcpSocket;
        if (!portOf(workload, port)) yield `${nameOf(workload)}: ${probe} asks a port that is not there`;
      }
    }
  }
  for (const service of m.all('Service')) {
    const [workload] = m.workloadsOf({ matchLabels: service.spec.selector });
    for (const { targetPort, port } of workload ? service.spec.ports : []) {
      if (portOf(workload, targetPort) !== port) yield `${nameOf(service)} leads to no port ${port}`;
    }
  }
  for (const policy of m.all('NetworkPolicy')) {
    const rules = (policy.spec.ingress ?? []).flatMap((rule) => rule.ports);
    for (const workload of m.workloadsOf(policy.spec.podSelector)) {
      for (const { port } of rules) {
        if (!portOf(workload, port)) yield `${nameOf(policy)}: ${nameOf(workload)} has no port ${port}`;
      }
    }
  }
  for (const [workload, , env] of programs(m)) {
    for (const [setting, port] of [['OPS_PORT', 'ops'], ['PORT', 'clients'], ['API_PORT', 'api']]) {
      if (setting in env && Number(env[setting]) !== portOf(workload, port)) {
        yield `${nameOf(workload)}: its port ${port} is not ${setting}=${env[setting]}`;
      }
    }
  }
}

export function* images(m) {
  for (const workload of m.workloads) {
    for (const { image } of podOf(workload).containers) {
      if (!/:\d+\.\d+\.\d+$/.test(image)) yield `${nameOf(workload)}: ${image} names no version`;
    }
  }
}

const isDashboard = ({ metadata }) => metadata.labels?.grafana_dashboard === '1';

// What alerts mean by a job has to be what Prometheus calls those that it scrapes.
export function* monitoring(m) {
  for (const monitor of m.all('ServiceMonitor')) {
    const { spec, metadata } = monitor;
    const scraped = m.all('Service').filter((service) => labelsFit(spec.selector, service.metadata.labels)
      && service.spec.ports.some(({ name }) => name === spec.endpoints[0].port));
    const jobs = new Set(scraped.map((service) =>
      service.metadata.labels[spec.jobLabel] ?? service.metadata.name));
    const rules = m.get('PrometheusRule', metadata.name)?.spec.groups.flatMap((group) => group.rules);
    if (!rules) yield `${nameOf(monitor)}: nobody raises alerts`;
    const meant = new Set((rules ?? []).flatMap(({ expr }) =>
      [...expr.matchAll(/job=~?"([^"]+)"/g)].flatMap(([, names]) => names.split('|'))));
    for (const job of meant) {
      if (!jobs.has(job)) yield `${nameOf(monitor)}: alerts speak of a job ${job} that is not scraped`;
    }
    if (!m.all('ConfigMap').some(isDashboard)) yield `${nameOf(monitor)}: there is no dashboard`;
  }
}

// TLS to the brokers needs the files of the Secret, and on Debian 12 another hiredis.
const withoutTls = (env) => Object.fromEntries(Object.entries(env).filter(([name]) =>
  !/^(REDIS|RABBITMQ)_(TLS|CA_FILE|CERT_FILE|KEY_FILE)$/.test(name)));

export function* settings(m) {
  for (const [workload, container, env] of programs(m)) {
    const program = programOf(container);
    for (const name of Object.keys(env)) {
      if (!(name in settingsOf(program).defaults)) yield `${nameOf(workload)}: ${program} has no ${name}`;
    }
    const words = refusal(program, withoutTls(env));
    if (words) yield `${nameOf(workload)}: ${words}`;
  }
  const used = new Set(m.workloads.flatMap((workload) => podOf(workload).containers)
    .flatMap(({ envFrom = [] }) => envFrom.map(({ configMapRef }) => configMapRef.name)));
  for (const map of m.all('ConfigMap')) {
    if (isDashboard(map)) continue; // Grafana looks for them
    if (!used.has(map.metadata.name)) yield `${nameOf(map)} is used by nobody`;
  }
}

// Variables of the Secret that Kubernetes would put into a command line.
const secretArguments = (containers) => containers.flatMap(({ command = [], args = [], env = [] }) =>
  env.filter(({ name, valueFrom }) => valueFrom?.secretKeyRef
    && [...command, ...args].some((word) => word.includes(`$(${name})`))).map(({ name }) => name));

const NEEDED = ['JWT_SECRET', 'REDIS_PASSWORD', 'RABBITMQ_PASSWORD', 'RABBITMQ_USER'];

// A file of a volume that a Secret fills.
function isSecretFile(workload, path) {
  const { volumes, containers: [{ volumeMounts = [] }] } = podOf(workload);
  return volumeMounts.some(({ name, mountPath }) => volumes.find((one) => one.name === name)
    ?.secret?.items.some((item) => path === `${mountPath}/${item.path}`));
}

export function* secretFiles(m) {
  for (const [workload, , env] of programs(m)) {
    for (const [name, value] of Object.entries(env)) {
      if (value?.startsWith('/run/secrets/') && !isSecretFile(workload, value)) {
        yield `${nameOf(workload)}: ${name} is no file of a Secret`;
      }
    }
  }
}

export function* secrets(m) {
  for (const secret of m.all('Secret')) yield `${nameOf(secret)} does not belong here`;
  for (const workload of m.workloads) {
    for (const name of secretArguments(podOf(workload).containers)) {
      yield `${nameOf(workload)}: ${name} is an argument, which any list of processes shows`;
    }
    for (const { name, value } of podOf(workload).containers.flatMap(({ env = [] }) => env)) {
      if (value !== undefined && !isSecretFile(workload, value)) {
        yield `${nameOf(workload)}: ${name} stands in the manifest`;
      }
    }
  }
  const mapped = new Set(m.all('ConfigMap').flatMap(({ data }) => Object.keys(data)));
  for (const [workload, container] of programs(m)) {
    for (const name of settingsOf(programOf(container)).secrets) {
      if (mapped.has(name)) yield `${name} stands in a ConfigMap`;
    }
    for (const name of NEEDED) {
      const given = container.env.find((one) => one.name === name || one.name === `${name}_FILE`);
      if (!given?.valueFrom?.secretKeyRef && !isSecretFile(workload, given?.value ?? '')
        && name in settingsOf(programOf(container)).defaults) {
        yield `${nameOf(workload)}: ${name} does not come from the Secret`;
      }
    }
  }
}

export function* shutdown(m) {
  for (const [workload, container, env] of programs(m)) {
    const waited = container.lifecycle?.preStop?.sleep?.seconds ?? 0;
    const needed = waited + Number(env.DRAIN_SECONDS) + MARGIN_SECONDS;
    const given = podOf(workload).terminationGracePeriodSeconds;
    if (!(given >= needed)) yield `${nameOf(workload)}: killed after ${given} s, needs ${needed} s`;
    if (m.all('Service').some(({ spec }) => spec.clusterIP !== 'None' &&
      labelsFit({ matchLabels: spec.selector }, workload.spec.template.metadata.labels)) &&
      waited < 5) {
      yield `${nameOf(workload)}: closes its port before proxies know`;
    }
  }
}

export function* probes(m) {
  for (const [workload, container, env] of programs(m)) {
    const paths = PROBES.map((name) => container[name]?.httpGet.path).join(' ');
    if (paths !== '/live /live /ready') yield `${nameOf(workload)}: its probes ask ${paths}`;
    const asked = PROBES.map((name) => portOf(workload, container[name]?.httpGet.port));
    if (asked.some((port) => port !== Number(env.OPS_PORT))) {
      yield `${nameOf(workload)}: a probe does not ask OPS_PORT`;
    }
    const { periodSeconds, failureThreshold } = container.readinessProbe ?? {};
    const patience = RELAY_HEARTBEAT_SECONDS + periodSeconds * (failureThreshold - 1);
    if (programOf(container) === 'ws-edge' && !(patience >= LOST_RELAY_SECONDS)) {
      yield `${nameOf(workload)}: out of service after ${patience} s without a relay`;
    }
  }
}

export function* logs(m) {
  for (const [workload, container, env] of programs(m)) {
    const mount = container.volumeMounts.find(({ mountPath }) => mountPath === env.LOG_DIR);
    const volume = podOf(workload).volumes.find(({ name }) => name === mount?.name);
    if (!volume?.emptyDir) yield `${nameOf(workload)}: LOG_DIR is on no volume`;
    else if (!(quantity(volume.emptyDir.sizeLimit) >= LOG_BYTES)) {
      yield `${nameOf(workload)}: its logs do not fit`;
    }
  }
}

// What the namespace demands of all (Pod Security "restricted"), and more of the gateway's own.
export function* security(m) {
  for (const workload of m.workloads) {
    const pod = podOf(workload);
    const own = m.gateway.includes(workload);
    const wants = [
      ['runAsNonRoot', pod.securityContext?.runAsNonRoot === true],
      ['seccompProfile', pod.securityContext?.seccompProfile?.type === 'RuntimeDefault'],
      ['no token', pod.automountServiceAccountToken === false],
      ['no service links', pod.enableServiceLinks === false],
      [`user ${USER}`, !own || pod.securityContext?.runAsUser === USER],
      ['nothing of the host', !pod.hostNetwork && !pod.hostPID && !pod.hostIPC],
      ...pod.containers.flatMap(({ securityContext: c }) => [
        ['no privilege escalation', c?.allowPrivilegeEscalation === false],
        ['no capabilities', c?.capabilities?.drop?.join() === 'ALL' && !c.capabilities.add],
        ['read-only root', !own || c?.readOnlyRootFilesystem === true],
        ['no overriding', c?.runAsUser === undefined && c?.privileged === undefined],
      ]),
    ];
    for (const [what, holds] of wants) if (!holds) yield `${nameOf(workload)} lacks: ${what}`;
  }
  const labels = m.get('Namespace', 'websocket-gateway')?.metadata.labels ?? {};
  if (labels['pod-security.kubernetes.io/enforce'] !== 'restricted') {
    yield 'the namespace enforces nothing';
  }
}

export function* network(m) {
  const edge = m.get('Deployment', 'edge');
  const relay = m.get('Deployment', 'relay');
  const edgeEnv = m.environment(podOf(edge).containers[0]);
  const { PORT, OPS_PORT, REDIS_PORT } = edgeEnv;
  const relayEnv = m.environment(podOf(relay).containers[0]);
  const proxy = { namespace: 'ingress-nginx' };
  const prometheus = { namespace: 'monitoring' };
  const dns = { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } };
  const stranger = { namespace: 'default' };
  const redis = m.get('StatefulSet', 'redis') ?? { ip: '10.1.2.3' };
  const rabbitmq = m.get('StatefulSet', 'rabbitmq') ?? { ip: '192.168.1.2' };
  const service = { ip: '172.16.1.2' };
  const asked = edgeEnv.ROOM_AUTHORIZATION === 'service'
    ? [edgeEnv.MESSAGE_SERVICE_URL, edgeEnv.NOTIFICATION_SERVICE_URL].map((url) => new URL(url).port)
    : [];
  const internet = { ip: '192.0.2.1' };
  const newcomer = { spec: { template: { metadata: {}, spec: { containers: [] } } } };
  const caller = { namespace: 'billing', namespaceLabels: { 'websocket-gateway/api': 'client' } };
  const ofApi = relayEnv.API_PORT ? [
    ['a service to the HTTP API', true, caller, relay, relayEnv.API_PORT],
    ['a service to the operations port', false, caller, relay, relayEnv.OPS_PORT],
    ['a service to the edge', false, caller, edge, PORT],
    ['a stranger to the HTTP API', false, stranger, relay, relayEnv.API_PORT],
    ['clients to the HTTP API', false, proxy, relay, relayEnv.API_PORT],
    ['Prometheus to the HTTP API', false, prometheus, relay, relayEnv.API_PORT],
    ['the edge to the HTTP API', false, edge, relay, relayEnv.API_PORT],
  ] : [];
  const flows = [
    ...ofApi,
    ['clients to the edge', true, proxy, edge, PORT],
    ['Prometheus to the edge', true, prometheus, edge, OPS_PORT],
    ['Prometheus to the relay', true, prometheus, relay, relayEnv.OPS_PORT],
    ['the edge to Redis', true, edge, redis, REDIS_PORT],
    ['the relay to Redis', true, relay, redis, REDIS_PORT],
    ['the relay to RabbitMQ', true, relay, rabbitmq, relayEnv.RABBITMQ_PORT],
    ['the edge to DNS', true, edge, dns, 53, 'UDP'],
    ['the relay to DNS', true, relay, dns, 53, 'TCP'],
    ...asked.flatMap((port) => [
      [`the edge to the service at ${port}`, true, edge, service, port],
      [`the relay to the service at ${port}`, false, relay, service, port],
    ]),
    ['clients to the operations port', false, proxy, edge, OPS_PORT],
    ['clients to the relay', false, proxy, relay, relayEnv.OPS_PORT],
    ['Prometheus to the port of the clients', false, prometheus, edge, PORT],
    ['a stranger to the edge', false, stranger, edge, PORT],
    ['a stranger to Redis', false, stranger, redis, REDIS_PORT],
    ['a stranger to a pod without a policy', false, stranger, newcomer, 80],
    ['the edge to the relay', false, edge, relay, relayEnv.OPS_PORT],
    ['the edge to RabbitMQ', false, edge, rabbitmq, relayEnv.RABBITMQ_PORT],
    ['the edge to the internet', false, edge, internet, REDIS_PORT],
    ['the relay to the web', false, relay, internet, 443],
  ];
  for (const [what, wanted, from, to, port, protocol] of flows) {
    // What two pods elsewhere say to one another is not ours to forbid.
    if (from.spec === undefined && to.spec === undefined) continue;
    if (lets(m, from, to, Number(port), protocol) !== wanted) {
      yield `${what} is ${wanted ? 'not let through' : 'let through'}`;
    }
  }
}

export function* resources(m) {
  for (const workload of m.workloads) {
    for (const { resources: r } of podOf(workload).containers) {
      if (!r?.requests?.cpu || !r.requests.memory || !r.limits?.memory) {
        yield `${nameOf(workload)} has no full resources`;
      } else if (quantity(r.limits.memory) < quantity(r.requests.memory)) {
        yield `${nameOf(workload)} asks for more memory than it may have`;
      }
    }
  }
}

export function* disruption(m) {
  for (const [workload] of programs(m)) {
    const { labels } = workload.spec.template.metadata;
    const budgets = m.all('PodDisruptionBudget').filter(({ spec }) => labelsFit(spec.selector, labels));
    if (budgets.length !== 1 || budgets[0].spec.maxUnavailable !== 1) {
      yield `${nameOf(workload)} has no budget of one`;
    }
    const { type, rollingUpdate: r } = workload.spec.strategy;
    if (type !== 'RollingUpdate' || r.maxUnavailable !== 0 || !(r.maxSurge > 0)) {
      yield `${nameOf(workload)} takes an old one away before a new one is there`;
    }
    if (!podOf(workload).topologySpreadConstraints?.length) yield `${nameOf(workload)} may share a node`;
  }
  if (m.get('Deployment', 'relay').spec.replicas !== 2) yield 'there is no relay that stands by';
}

// Per minute, of the widest policy that counts pods.
const pace = ({ policies }) => Math.max(...policies.filter(({ type }) => type === 'Pods')
  .map(({ value, periodSeconds }) => (value * 60) / periodSeconds));

export function* scaling(m) {
  for (const scaler of m.all('HorizontalPodAutoscaler')) {
    const { scaleTargetRef: target, metrics, minReplicas, behavior } = scaler.spec;
    const workload = m.get(target.kind, target.name);
    if (!workload) {
      yield `${nameOf(scaler)} scales nothing`;
      continue;
    }
    if (workload.spec.replicas !== undefined) yield `${nameOf(workload)} has a number of its own`;
    if (!(minReplicas >= 3)) yield `${nameOf(scaler)}: fewer than three`;
    const sockets = metrics.find(({ type }) => type === 'Pods')?.pods;
    const { MAX_CONNECTIONS } = m.environment(podOf(workload).containers[0]);
    if (sockets?.metric.name !== 'ws_edge_sockets') yield `${nameOf(scaler)} does not count sockets`;
    else if (!(Number(sockets.target.averageValue) < Number(MAX_CONNECTIONS))) {
      yield `${nameOf(scaler)}: edges are full before one is added`;
    }
    if (!metrics.some(({ resource }) => resource?.name === 'cpu')) yield `${nameOf(scaler)}: no CPU`;
    const { scaleUp, scaleDown } = behavior;
    if (!(pace(scaleDown) < pace(scaleUp)) || !(scaleDown.stabilizationWindowSeconds >= 600)) {
      yield `${nameOf(scaler)} scales down too fast`;
    }
  }
}

export function* ingress(m) {
  for (const { metadata, spec } of m.all('Ingress')) {
    const note = (name) => metadata.annotations[`nginx.ingress.kubernetes.io/${name}`];
    const [{ path, backend }] = spec.rules[0].http.paths;
    const service = m.get('Service', backend.service.name);
    if (!service?.spec.ports.some(({ name }) => name === backend.service.port.name)) {
      yield 'the Ingress leads nowhere';
      continue;
    }
    const [edge] = m.workloadsOf({ matchLabels: service.spec.selector });
    const env = m.environment(podOf(edge).containers[0]);
    const alive = (Number(env.PING_INTERVAL) + Number(env.PING_TIMEOUT)) / 1000;
    const wants = [
      ['cookie affinity', note('affinity') === 'cookie' && note('affinity-mode') === 'persistent'],
      ['a read timeout over that of pings', Number(note('proxy-read-timeout')) > alive],
      ['a send timeout over that of pings', Number(note('proxy-send-timeout')) > alive],
      ['room for MAX_PAYLOAD',
        quantity(note('proxy-body-size').replace('m', 'Mi')) >= Number(env.MAX_PAYLOAD)],
      ['the path of Socket.IO alone', path === '/socket.io/' && spec.rules[0].http.paths.length === 1],
      ['TLS for its host', spec.tls?.[0].hosts.includes(spec.rules[0].host)],
    ];
    for (const [what, holds] of wants) if (!holds) yield `the Ingress lacks: ${what}`;
    if (!env.TRUSTED_PROXIES) yield 'the edge does not trust the proxy in front of it';
  }
}
