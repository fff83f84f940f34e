import { isHostName, isIpAddress } from './network-address.js';

it.each<[string, 'ip' | 'name' | 'neither']>([
  ['10.0.0.1', 'ip'],
  ['255.255.255.255', 'ip'],
  ['0.0.0.0', 'ip'],
  ['fd00::1', 'ip'],
  ['::ffff:10.0.0.1', 'ip'],
  ['2001:DB8:0:0:0:0:0:1', 'ip'],
  ['gpu-node-01', 'name'],
  ['gpu_node.example.com', 'name'],
  ['1und1.example', 'name'],
  ['256.0.0.1', 'neither'],
  ['10.0.0', 'neither'],
  ['10.0.0.1.', 'neither'],
  ['10.0.0.01', 'neither'],
  ['10.0.0.1:9100', 'neither'],
  ['fd00:::1', 'neither'],
  ['12345::', 'neither'],
  ['fe80::1%eth0', 'neither'],
  ['[::1]', 'neither'],
  ['not an address', 'neither'],
  ['node-', 'neither'],
  ['a..b', 'neither'],
  ['x'.repeat(64), 'neither'],
  ['', 'neither'],
])('%j is %s', (text, want) => {
  expect([isIpAddress(text), isHostName(text)]).toEqual([want === 'ip', want === 'name']);
});
