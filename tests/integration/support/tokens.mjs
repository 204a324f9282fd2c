// Tokens as HomeTrip's auth service makes them, and hostile ones.
import { createHmac, generateKeyPairSync } from 'node:crypto';
import jwt from 'jsonwebtoken';

export const SECRET = 'integration-test-secret-0123456789abcdef';

export const nowSeconds = () => Math.floor(Date.now() / 1000);

export function token(claims, { secret = SECRET, expiresIn = 3600, ...options } = {}) {
  const payload = 'exp' in claims || expiresIn === null
    ? claims : { ...claims, exp: nowSeconds() + expiresIn };
  return jwt.sign(payload, secret, { algorithm: 'HS256', ...options });
}

const encode = (value) => Buffer.from(
  typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

// A token put together by hand, correctly signed with HS256 whatever it says.
export function rawToken(header, payload, secret = SECRET) {
  const signed = `${encode(header)}.${encode(payload)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

export function unsignedToken(claims) {
  return `${encode({ alg: 'none', typ: 'JWT' })}.${encode(claims)}.`;
}

export function rsaToken(claims) {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return jwt.sign(claims, privateKey, { algorithm: 'RS256' });
}
