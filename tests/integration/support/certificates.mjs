// Certificates of an authority that exists for a test, made by openssl.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc'];

export class Authority {
  constructor(dir, name = 'authority') {
    mkdirSync(dir, { recursive: true });
    this.dir = dir;
    this.certificate = join(dir, `${name}.pem`);
    this.key = join(dir, `${name}.key`);
    this.#openssl('req', '-x509', ...KEY, '-keyout', this.key, '-out', this.certificate,
      '-days', '2', '-subj', `/CN=${name}`);
  }

  // {certificate, key}: files. `names` as openssl writes them: DNS:localhost, IP:127.0.0.1.
  issue(name, { names = [], days = 2 } = {}) {
    const [key, request, certificate, extensions] = ['key', 'csr', 'pem', 'ext']
      .map((kind) => join(this.dir, `${name}.${kind}`));
    this.#openssl('req', ...KEY, '-keyout', key, '-out', request, '-subj', `/CN=${name}`);
    writeFileSync(extensions, names.length > 0 ? `subjectAltName=${names}\n` : '');
    this.#openssl('x509', '-req', '-in', request, '-CA', this.certificate, '-CAkey', this.key,
      '-CAcreateserial', '-out', certificate, '-days', String(days), '-extfile', extensions);
    return { certificate, key };
  }

  #openssl(...args) {
    execFileSync('openssl', args, { stdio: 'pipe' });
  }
}
