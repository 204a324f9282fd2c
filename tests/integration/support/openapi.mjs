// docs/openapi.yaml as a judge of the answers of the HTTP API.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import Ajv from 'ajv/dist/2020.js';
import { load } from 'js-yaml';

const FILE = fileURLToPath(new URL('../../../docs/openapi.yaml', import.meta.url));
const document = load(readFileSync(FILE, 'utf8'));
const ajv = new Ajv({ allErrors: true, strict: false });
ajv.addSchema(document, 'openapi.yaml', undefined, false);

const resolve = (node) => (node.$ref
  ? resolve(node.$ref.slice(2).split('/').reduce((at, part) => at[part], document)) : node);

const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).filter(([method]) => ['get', 'post'].includes(method))
    .map(([method, { operationId, responses }]) => ({
      operationId, method: method.toUpperCase(), responses,
      pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`),
    })));

// "<operation> <status>" of all that is documented, and of what was seen.
export const documented = operations.flatMap(({ operationId, responses }) =>
  Object.keys(responses).map((status) => `${operationId} ${status}`));
export const seen = new Set();

function assertFits(schema, value) {
  const validate = ajv.compile(schema.$ref ? { $ref: `openapi.yaml${schema.$ref}` } : schema);
  assert.ok(validate(value), `${JSON.stringify(value)}: ${ajv.errorsText(validate.errors)}`);
}

// The answer is one that the document allows.
export function judge(method, path, { status, headers, body, json }) {
  const operation = operations.find((each) => each.method === method && each.pattern.test(path));
  if (!operation) { // nothing at this path, or not for this method
    assert.ok([401, 404, 405].includes(status), `${method} ${path}: ${status}`);
    assertFits({ $ref: '#/components/schemas/Error' }, json());
    return;
  }
  assert.ok(operation.responses[status], `${operation.operationId} answers ${status}: ${body}`);
  const response = resolve(operation.responses[status]);
  assert.match(headers['content-type'], /^application\/json(;|$)/);
  assertFits(response.content['application/json'].schema, json());
  for (const [name, header] of Object.entries(response.headers ?? {})) {
    assertFits(resolve(header).schema, headers[name.toLowerCase()]);
  }
  seen.add(`${operation.operationId} ${status}`);
}
