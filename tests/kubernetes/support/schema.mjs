// Resources against the schemas of Kubernetes and of the Prometheus operator.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

function modelOf({ apiVersion, kind }) {
  const name = apiVersion.startsWith('monitoring.coreos.com/')
    ? '@kubernetes-models/prometheus-operator' : 'kubernetes-models';
  try {
    return require(`${name}/${apiVersion}/${kind}`)[kind];
  } catch (error) {
    if (!['MODULE_NOT_FOUND', 'ERR_PACKAGE_PATH_NOT_EXPORTED'].includes(error.code)) throw error;
    return undefined;
  }
}

// The schemas accept fields that they do not know, as an API server would not. A validator asks for
// each field that it knows: those that it never asked for are unknown.
function watched(value, path, unasked) {
  if (value === null || typeof value !== 'object') return value;
  const children = new Map();
  for (const key of Object.keys(value)) unasked.add(`${path}/${key}`);
  return new Proxy(value, {
    get(target, key, receiver) {
      if (typeof key === 'string') unasked.delete(`${path}/${key}`);
      const child = Reflect.get(target, key, receiver);
      if (!Object.hasOwn(target, key)) return child;
      if (!children.has(key)) children.set(key, watched(child, `${path}/${key}`, unasked));
      return children.get(key);
    },
  });
}

export function* schemaFaults(resource) {
  const Model = modelOf(resource);
  if (!Model) {
    yield `there is no ${resource.kind} in ${resource.apiVersion}`;
    return;
  }
  const unasked = new Set();
  const copy = Object.setPrototypeOf(structuredClone(resource), Model.prototype);
  try {
    Model.prototype.validate.call(watched(copy, '', unasked));
  } catch (error) {
    yield error.message;
  }
  for (const path of unasked) yield `${path} is no field`;
}
