// Whether the NetworkPolicies let a connection through. An end is a workload of the manifests, or
// something outside of them: {namespace, labels} of a pod elsewhere, perhaps with the labels of its
// namespace as `namespaceLabels`, or {ip}.
import { isIPv4, BlockList } from 'node:net';
import { labelsFit, portOf } from './manifests.mjs';

const labelsOf = (end) => end.spec?.template.metadata.labels ?? end.labels ?? {};

const isWorkload = (end) => end.spec !== undefined;

function cidrHas(cidr, ip) {
  const [network, prefix] = cidr.split('/');
  const list = new BlockList();
  list.addSubnet(network, Number(prefix));
  return isIPv4(ip) && list.check(ip);
}

function peerFits(peer, end) {
  if (peer.ipBlock) return end.ip !== undefined && cidrHas(peer.ipBlock.cidr, end.ip);
  if (end.ip !== undefined) return false;
  if (peer.namespaceSelector) {
    const namespace = { 'kubernetes.io/metadata.name': end.namespace,
      ...end.namespaceLabels };
    return !isWorkload(end) && labelsFit(peer.namespaceSelector, namespace) &&
      labelsFit(peer.podSelector, labelsOf(end));
  }
  return isWorkload(end) && labelsFit(peer.podSelector, labelsOf(end));
}

// `target` is who has the port that a rule may name.
function ruleLets(rule, direction, end, target, { port, protocol }) {
  const peers = rule[direction === 'Ingress' ? 'from' : 'to'];
  return (!peers || peers.some((peer) => peerFits(peer, end))) &&
    (!rule.ports || rule.ports.some((one) => (one.protocol ?? 'TCP') === protocol &&
      (isWorkload(target) ? portOf(target, one.port) : one.port) === port));
}

function sideLets(manifests, direction, subject, end, target, on) {
  if (!isWorkload(subject)) return true; // not ours to say
  const policies = manifests.all('NetworkPolicy').filter(({ spec }) =>
    spec.policyTypes.includes(direction) && labelsFit(spec.podSelector, labelsOf(subject)));
  return policies.length === 0 || policies.some(({ spec }) =>
    (spec[direction.toLowerCase()] ?? []).some((rule) =>
      ruleLets(rule, direction, end, target, on)));
}

export const lets = (manifests, from, to, port, protocol = 'TCP') =>
  sideLets(manifests, 'Egress', from, to, to, { port, protocol }) &&
  sideLets(manifests, 'Ingress', to, from, to, { port, protocol });
