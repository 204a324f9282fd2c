// Socket.IO's default: Node's HTTP server and `ws`.
import { createServer } from 'node:http';
import { Server } from 'socket.io';

export async function open({ port, isReady, options }) {
  const server = createServer((request, response) => {
    response.writeHead(request.url === '/ready' && isReady() ? 200 : 503).end();
  });
  const io = new Server(server, options);
  server.listen({ host: '127.0.0.1', port, backlog: 4096 });
  return io;
}

export const collectGarbage = () => global.gc();
