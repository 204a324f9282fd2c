// One fault after another, put into a copy of a build, and what a check must say of it.

const edgeOf = (m) => m.get('Deployment', 'edge');
const relayOf = (m) => m.get('Deployment', 'relay');
const podOf = (workload) => workload.spec.template.spec;
const container = (workload) => podOf(workload).containers[0];
const configOf = (m, prefix) => m.all('ConfigMap').find(({ metadata }) =>
  metadata.name.startsWith(`${prefix}-`)).data;
const scalerOf = (m) => m.get('HorizontalPodAutoscaler', 'edge').spec;
const policyOf = (m, name) => m.get('NetworkPolicy', name).spec;
const annotate = (name, value) => (m) => {
  m.get('Ingress', 'clients').metadata.annotations[`nginx.ingress.kubernetes.io/${name}`] = value;
};
const drop = (kind, name) => (m) => {
  m.resources = m.resources.filter((r) => r.kind !== kind || r.metadata.name !== name);
};

const planted = (check, rows) => rows.map(([what, plant, says, overlay]) =>
  ({ check, what, plant, says, overlay }));

export const PLANTED = [
  ...planted('schema', [
    ['a field that is misspelt', (m) => { container(edgeOf(m)).livenesProbe = {}; },
      'livenesProbe is no field'],
    ['a text for a number', (m) => { container(edgeOf(m)).ports[0].containerPort = '3002'; },
      'containerPort must be integer'],
    ['a field that is missing', (m) => { delete scalerOf(m).maxReplicas; },
      'required property maxReplicas'],
    ['a version that there is not', (m) => {
      m.get('PodDisruptionBudget', 'edge').apiVersion = 'policy/v3';
    }, 'there is no PodDisruptionBudget in policy/v3'],
    ['a misspelt field of the operator', (m) => {
      m.get('ServiceMonitor', 'websocket-gateway').spec.endpoints[0].intervall = '15s';
    }, 'intervall is no field'],
  ]),
  ...planted('secretFiles', [
    ['a file that is not mounted', (m) => {
      podOf(relayOf(m)).volumes.find(({ name }) => name === 'brokers-tls').secret.items.pop();
    }, 'Deployment relay: RABBITMQ_CA_FILE is no file of a Secret', 'tls'],
    ['a mount elsewhere', (m) => {
      container(edgeOf(m)).volumeMounts.find(({ name }) => name === 'brokers-tls').mountPath = '/run/x';
    }, 'Deployment edge: REDIS_CA_FILE is no file of a Secret', 'tls'],
  ]),
  ...planted('selectors', [
    ['a Deployment of other pods', (m) => { edgeOf(m).spec.selector.matchLabels.other = 'x'; },
      'Deployment edge does not select its own pods'],
    ['spreading other pods', (m) => {
      podOf(relayOf(m)).topologySpreadConstraints[0].labelSelector.matchLabels.other = 'x';
    }, 'Deployment relay spreads other pods'],
    ['a Service of no pods', (m) => { m.get('Service', 'edge').spec.selector.other = 'x'; },
      'Service edge does not select'],
    ['a policy for no pods', (m) => { policyOf(m, 'edge-clients').podSelector.matchLabels.other = 'x'; },
      'NetworkPolicy edge-clients selects no pod'],
    ['a Service that is not watched', (m) => { m.get('Service', 'relay-ops').metadata.labels = {}; },
      'watches 1 Services'],
    ['another namespace', (m) => { edgeOf(m).metadata.namespace = 'default'; },
      'edge is in another namespace'],
  ]),
  ...planted('ports', [
    ['another port of the HTTP API', (m) => { configOf(m, 'relay').API_PORT = '9105'; },
      'its port api is not API_PORT=9105', 'api'],
    ['a probe of no port', (m) => { container(edgeOf(m)).readinessProbe.httpGet.port = 'opps'; },
      'readinessProbe asks a port that is not there'],
    ['a Service to no port', (m) => { m.get('Service', 'edge').spec.ports[0].targetPort = 'web'; },
      'Service edge leads to no port 3002'],
    ['a policy for no port', (m) => { policyOf(m, 'ops').ingress[0].ports[0].port = 'opps'; },
      'Deployment relay has no port opps'],
    ['another PORT', (m) => { configOf(m, 'edge').PORT = '3003'; }, 'is not PORT=3003'],
    ['another OPS_PORT', (m) => { configOf(m, 'relay').OPS_PORT = '9102'; }, 'is not OPS_PORT=9102'],
  ]),
  ...planted('images', [
    ['latest', (m) => { container(edgeOf(m)).image = 'websocket-gateway/edge:latest'; },
      'edge:latest names no version'],
    ['no tag', (m) => { container(m.get('StatefulSet', 'redis')).image = 'redis'; },
      'redis names no version', 'development'],
  ]),
  ...planted('settings', [
    ['one that there is not', (m) => { configOf(m, 'edge').MAX_CONECTIONS = '5'; },
      'ws-edge has no MAX_CONECTIONS'],
    ['one of the other program', (m) => { configOf(m, 'relay').MAX_PAYLOAD = '5000'; },
      'ws-relay has no MAX_PAYLOAD'],
    ['one out of range', (m) => { configOf(m, 'brokers').BUS_SHARDS = '65'; }, 'BUS_SHARDS'],
    ['a service without an address', (m) => {
      configOf(m, 'edge').MESSAGE_SERVICE_URL = 'message-service:4006';
    }, 'MESSAGE_SERVICE_URL'],
    ['a ConfigMap for nobody', (m) => { container(relayOf(m)).envFrom.pop(); },
      'is used by nobody'],
  ]),
  ...planted('monitoring', [
    ['jobs by the names of Services', (m) => {
      delete m.get('ServiceMonitor', 'websocket-gateway').spec.jobLabel;
    }, 'alerts speak of a job edge that is not scraped'],
    ['no alerts', drop('PrometheusRule', 'websocket-gateway'), 'nobody raises alerts'],
    ['no dashboard', drop('ConfigMap', 'websocket-gateway-dashboard'), 'there is no dashboard'],
  ]),
  ...planted('secrets', [
    ['keys of the HTTP API from elsewhere', (m) => {
      podOf(relayOf(m)).volumes.find(({ name }) => name === 'api-keys').secret.items[0].path = 'other';
    }, 'Deployment relay: API_KEY_FILE stands in the manifest', 'api'],
    ['a Secret', (m) => {
      m.resources.push({ kind: 'Secret', metadata: { name: 'x', namespace: 'websocket-gateway' } });
    }, 'Secret x does not belong here'],
    ['a secret in the manifest', (m) => {
      container(edgeOf(m)).env[0] = { name: 'JWT_SECRET', value: 'x' };
    }, 'JWT_SECRET stands in the manifest'],
    ['a secret in a ConfigMap', (m) => { configOf(m, 'brokers').REDIS_PASSWORD = 'x'; },
      'REDIS_PASSWORD stands in a ConfigMap'],
    ['a secret among the arguments', (m) => {
      container(relayOf(m)).args = ['ws-relay', '--user', '$(RABBITMQ_USER)'];
    }, 'RABBITMQ_USER is an argument'],
    ['a secret that is not given', (m) => { container(relayOf(m)).env = []; },
      'RABBITMQ_PASSWORD does not come from the Secret'],
    ['a file that is in no Secret', (m) => {
      relayOf(m).spec.template.spec.volumes.find(({ secret }) => secret).secret.items.pop();
    }, 'does not come from the Secret'],
    ['a volume that is not mounted', (m) => { container(edgeOf(m)).volumeMounts = []; },
      'JWT_SECRET_FILE stands in the manifest'],
    ['a variable that is not given', (m) => { container(relayOf(m)).env.pop(); },
      'RABBITMQ_PASSWORD does not come from the Secret', 'development'],
  ]),
  ...planted('shutdown', [
    ['a port of the HTTP API that closes at once', (m) => { delete container(relayOf(m)).lifecycle; },
      'Deployment relay: closes its port before proxies know', 'api'],
    ['a longer drain', (m) => { configOf(m, 'edge').DRAIN_SECONDS = '20'; },
      'killed after 30 s, needs 35 s'],
    ['a longer preStop', (m) => { container(edgeOf(m)).lifecycle.preStop.sleep.seconds = 20; },
      'needs 40 s'],
    ['no preStop', (m) => { delete container(edgeOf(m)).lifecycle; },
      'Deployment edge: closes its port before proxies know'],
    ['a relay killed early', (m) => { podOf(relayOf(m)).terminationGracePeriodSeconds = 10; },
      'Deployment relay: killed after 10 s'],
  ]),
  ...planted('probes', [
    ['liveness by readiness', (m) => { container(edgeOf(m)).livenessProbe.httpGet.path = '/ready'; },
      'its probes ask /live /ready /ready'],
    ['none', (m) => { delete container(relayOf(m)).readinessProbe; }, 'Deployment relay: its probes'],
    ['the port of the clients', (m) => { container(edgeOf(m)).startupProbe.httpGet.port = 'clients'; },
      'a probe does not ask OPS_PORT'],
    ['no patience', (m) => { container(edgeOf(m)).readinessProbe.failureThreshold = 1; },
      'out of service after 3 s'],
  ]),
  ...planted('logs', [
    ['on no volume', (m) => { configOf(m, 'edge').LOG_DIR = '/logs'; }, 'LOG_DIR is on no volume'],
    ['too little room', (m) => {
      podOf(relayOf(m)).volumes.find(({ name }) => name === 'logs').emptyDir.sizeLimit = '50Mi';
    }, 'its logs do not fit'],
  ]),
  ...planted('security', [
    ['root', (m) => { delete podOf(edgeOf(m)).securityContext.runAsNonRoot; }, 'runAsNonRoot'],
    ['another user', (m) => { podOf(edgeOf(m)).securityContext.runAsUser = 999; }, 'user 10001'],
    ['no seccomp profile', (m) => { delete podOf(relayOf(m)).securityContext.seccompProfile; },
      'seccompProfile'],
    ['a token', (m) => { delete podOf(edgeOf(m)).automountServiceAccountToken; }, 'no token'],
    ['service links', (m) => { delete podOf(edgeOf(m)).enableServiceLinks; }, 'no service links'],
    ['the network of the host', (m) => { podOf(edgeOf(m)).hostNetwork = true; }, 'of the host'],
    ['privilege escalation', (m) => {
      delete container(relayOf(m)).securityContext.allowPrivilegeEscalation;
    }, 'no privilege escalation'],
    ['capabilities', (m) => { container(edgeOf(m)).securityContext.capabilities.add = ['NET_RAW']; },
      'no capabilities'],
    ['a root to write to', (m) => { delete container(edgeOf(m)).securityContext.readOnlyRootFilesystem; },
      'read-only root'],
    ['root by the container', (m) => { container(edgeOf(m)).securityContext.runAsUser = 0; },
      'no overriding'],
    ['capabilities of a broker', (m) => {
      delete container(m.get('StatefulSet', 'rabbitmq')).securityContext.capabilities;
    }, 'StatefulSet rabbitmq lacks: no capabilities', 'development'],
    ['a namespace that enforces nothing', drop('Namespace', 'websocket-gateway'),
      'the namespace enforces nothing'],
  ]),
  ...planted('network', [
    ['everybody to the HTTP API', (m) => { delete policyOf(m, 'relay-api').ingress[0].from; },
      'a stranger to the HTTP API is let through', 'api'],
    ['no policy for the HTTP API', drop('NetworkPolicy', 'relay-api'),
      'a service to the HTTP API is not let through', 'api'],
    ['no default', drop('NetworkPolicy', 'default-deny'),
      'a stranger to a pod without a policy is let through'],
    ['no way in', drop('NetworkPolicy', 'edge-clients'), 'clients to the edge is not let through'],
    ['no metrics', drop('NetworkPolicy', 'ops'), 'Prometheus to the relay is not let through'],
    ['no names', drop('NetworkPolicy', 'dns'), 'the edge to DNS is not let through'],
    ['no Redis', drop('NetworkPolicy', 'to-redis'), 'the edge to Redis is not let through'],
    ['no RabbitMQ', drop('NetworkPolicy', 'rabbitmq'),
      'the relay to RabbitMQ is not let through', 'development'],
    ['no services', drop('NetworkPolicy', 'to-services'),
      'the edge to the service at 4006 is not let through'],
    ['services for relays', (m) => {
      delete policyOf(m, 'to-services').podSelector.matchLabels['app.kubernetes.io/component'];
    }, 'the relay to the service at 4009 is let through'],
    ['another port of a service', (m) => {
      configOf(m, 'edge').NOTIFICATION_SERVICE_URL = 'http://notification-service.example.com:4010';
    }, 'the edge to the service at 4010 is not let through'],
    ['another port of Redis', (m) => { configOf(m, 'brokers').REDIS_PORT = '6380'; },
      'the relay to Redis is not let through'],
    ['operations for clients', (m) => {
      policyOf(m, 'edge-clients').ingress[0].ports.push({ protocol: 'TCP', port: 'ops' });
    }, 'clients to the operations port is let through'],
    ['everybody', (m) => { delete policyOf(m, 'edge-clients').ingress[0].from; },
      'a stranger to the edge is let through'],
    ['RabbitMQ for edges', (m) => {
      delete policyOf(m, 'to-rabbitmq').podSelector.matchLabels['app.kubernetes.io/component'];
    }, 'the edge to RabbitMQ is let through'],
    ['Redis anywhere', (m) => { delete policyOf(m, 'to-redis').egress[0].to; },
      'the edge to the internet is let through'],
  ]),
  ...planted('resources', [
    ['no limit of memory', (m) => { delete container(edgeOf(m)).resources.limits; },
      'Deployment edge has no full resources'],
    ['a limit under the request', (m) => { container(edgeOf(m)).resources.limits.memory = '256Mi'; },
      'asks for more memory'],
  ]),
  ...planted('disruption', [
    ['no budget', drop('PodDisruptionBudget', 'relay'), 'Deployment relay has no budget'],
    ['a gap in the roll-out', (m) => {
      edgeOf(m).spec.strategy.rollingUpdate = { maxSurge: 0, maxUnavailable: 1 };
    }, 'Deployment edge takes an old one away'],
    ['one relay', (m) => { relayOf(m).spec.replicas = 1; }, 'no relay that stands by'],
    ['one node', (m) => { delete podOf(relayOf(m)).topologySpreadConstraints; }, 'may share a node'],
  ]),
  ...planted('scaling', [
    ['nothing to scale', (m) => { scalerOf(m).scaleTargetRef.name = 'edges'; }, 'scales nothing'],
    ['a fixed number', (m) => { edgeOf(m).spec.replicas = 3; }, 'has a number of its own'],
    ['two', (m) => { scalerOf(m).minReplicas = 2; }, 'fewer than three'],
    ['another metric', (m) => { scalerOf(m).metrics[1].pods.metric.name = 'ws_edge_socket'; },
      'does not count sockets'],
    ['edges that are full', (m) => { scalerOf(m).metrics[1].pods.target.averageValue = '20000'; },
      'full before one is added'],
    ['no CPU', (m) => { scalerOf(m).metrics.shift(); }, 'no CPU'],
    ['down at once', (m) => { scalerOf(m).behavior.scaleDown.stabilizationWindowSeconds = 0; },
      'scales down too fast'],
    ['down by many', (m) => { scalerOf(m).behavior.scaleDown.policies[0].value = 10; },
      'scales down too fast'],
  ]),
  ...planted('ingress', [
    ['no affinity', annotate('affinity', 'none'), 'cookie affinity'],
    ['a short timeout', annotate('proxy-read-timeout', '60'), 'a read timeout'],
    ['a short timeout of writes', annotate('proxy-send-timeout', '60'), 'a send timeout'],
    ['longer pings', (m) => { configOf(m, 'edge').PING_TIMEOUT = '100000'; }, 'a read timeout'],
    ['small bodies', annotate('proxy-body-size', '100k'), 'room for MAX_PAYLOAD'],
    ['all paths', (m) => { m.get('Ingress', 'clients').spec.rules[0].http.paths[0].path = '/'; },
      'the path of Socket.IO alone'],
    ['no TLS', (m) => { delete m.get('Ingress', 'clients').spec.tls; }, 'TLS for its host'],
    ['a proxy that is not trusted', (m) => { delete configOf(m, 'edge').TRUSTED_PROXIES; },
      'does not trust the proxy'],
    ['a way to nowhere', drop('Service', 'edge'), 'leads nowhere'],
  ]),
];
