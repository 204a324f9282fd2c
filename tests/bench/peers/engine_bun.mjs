// Socket.IO on Bun's own server.
import { Server as Engine } from '@socket.io/bun-engine';
import { Server } from 'socket.io';

export async function open({ port, isReady, options }) {
  const { path, pingInterval, pingTimeout, maxHttpBufferSize } = options;
  const engine = new Engine({ path, pingInterval, pingTimeout, maxHttpBufferSize });
  const io = new Server(options);
  io.bind(engine);
  const { fetch, ...handler } = engine.handler();
  Bun.serve({
    ...handler,
    hostname: '127.0.0.1',
    port,
    fetch(request, server) {
      if (new URL(request.url).pathname === '/ready')
        return new Response(null, { status: isReady() ? 200 : 503 });
      return fetch(request, server);
    },
  });
  return io;
}

export const collectGarbage = () => Bun.gc(true);
