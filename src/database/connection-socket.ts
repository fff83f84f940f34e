import { Socket } from 'node:net';

/**
 * A socket for one database connection that gives up after `silence` ms without a byte in either direction. The database ends
 * a statement after its own timeout, so a longer silence means that the peer or the network is gone: without this a statement
 * sent into a dead network would wait for the kernel's retransmissions (about a quarter of an hour).
 */
export function connectionSocket(silence: number): Socket {
  const socket = new Socket();
  socket.setTimeout(silence, () => {
    socket.destroy(Object.assign(new Error('The database did not answer in time'), { code: 'ETIMEDOUT' }));
  });
  return socket;
}
