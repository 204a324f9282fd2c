// Socket.IO on µWebSockets.js, whose topics are its rooms.
import { Server } from 'socket.io';
import uWS from '@trufflesuite/uws-js-unofficial';

export async function open({ port, isReady, options }) {
  const app = uWS.App();
  app.get('/ready', (response) => {
    response.writeStatus(isReady() ? '200 OK' : '503 Service Unavailable').end();
  });
  const io = new Server(options);
  // Without it, a client's messages beyond 64 KiB that it has not read yet are dropped.
  io.attachApp(app, { maxBackpressure: 0 });
  app.listen('127.0.0.1', port, (listening) => {
    if (!listening) throw new Error(`port ${port} is taken`);
  });
  return io;
}

export const collectGarbage = () => global.gc();
