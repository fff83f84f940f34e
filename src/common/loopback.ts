const LOOPBACK_V4 = /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/;

/** Whether an address or host name means this machine only: 127.0.0.0/8 (also mapped into IPv6), ::1, localhost. */
export function isLoopback(host: string): boolean {
  const bare = host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  return bare === '::1' || bare === 'localhost' || LOOPBACK_V4.test(bare.replace(/^::ffff:/, ''));
}
