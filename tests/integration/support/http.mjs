// Plain HTTP requests where every header is ours (fetch would not let a test set Host or Origin).
import { request as httpRequest } from 'node:http';

// Resolves with {status, headers, body, bytes, json()}; `body` is a string, `bytes` a buffer.
export function request(url, { method = 'GET', headers = {}, body, agent = false, signal } = {}) {
  return new Promise((resolve, reject) => {
    const req = httpRequest(url, { method, headers, agent, signal }, (res) => {
      const chunks = [];
      res.on('data', (chunk) => chunks.push(chunk));
      res.on('error', reject);
      res.on('end', () => {
        const bytes = Buffer.concat(chunks);
        const text = bytes.toString();
        resolve({ status: res.statusCode, headers: res.headers, body: text, bytes,
          json: () => JSON.parse(text) });
      });
    });
    req.on('error', reject);
    // The answer to a WebSocket handshake that should have been refused.
    req.on('upgrade', (res, socket) => {
      socket.destroy();
      resolve({ status: res.statusCode, headers: res.headers, body: '' });
    });
    req.end(body);
  });
}

export const webSocketHeaders = () => ({
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': Buffer.from('the sample nonce').toString('base64'),
});
