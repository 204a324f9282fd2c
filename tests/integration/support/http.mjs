// Plain HTTP requests where every header is ours (fetch would not let a test set Host or Origin).
import { request as httpRequest } from 'node:http';

// Resolves with {status, headers, body, bytes, json()}; `body` is a string, `bytes` a buffer. When
// the connection of its own is there, `onConnect` is called; then the request goes out.
export function request(url,
  { method = 'GET', headers = {}, body, agent = false, signal, onConnect } = {}) {
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
    if (onConnect) req.on('socket', (socket) => socket.once('connect', onConnect));
    // The answer to a WebSocket handshake that should have been refused.
    req.on('upgrade', (res, socket) => {
      socket.destroy();
      resolve({ status: res.statusCode, headers: res.headers, body: '' });
    });
    req.end(body);
  });
}

// Resolves once the server has the request, whose answer may take its time: the server takes requests
// in the order of their coming. The promise of the answer is its `answer`.
export async function arrived(url, options) {
  let answer;
  await new Promise((resolve, reject) => {
    answer = request(url, { ...options, onConnect: resolve });
    answer.catch(reject);
  });
  await request(new URL('/behind-it', url));
  return { answer };
}

export const webSocketHeaders = () => ({
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': Buffer.from('the sample nonce').toString('base64'),
});
