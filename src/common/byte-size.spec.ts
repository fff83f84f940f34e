import { formatByteSize, parseByteSize } from './byte-size.js';

describe('parseByteSize', () => {
  it.each([
    ['0', 0],
    ['1024', 1_024],
    ['12B', 12],
    ['512KiB', 524_288],
    ['32MiB', 33_554_432],
    ['1.5GiB', 1_610_612_736],
    ['2GB', 2_000_000_000],
    ['1 MB', 1_000_000],
  ])('reads %s', (text, bytes) => {
    expect(parseByteSize(text)).toBe(bytes);
  });

  it.each(['', 'MiB', '-1', '1mib', '1TiB', '1e3', '1  MB', '99999999999999999999'])('refuses %j', (text) => {
    expect(parseByteSize(text)).toBeUndefined();
  });
});

describe('formatByteSize', () => {
  it.each([
    [0, '0B'],
    [1_500, '1500B'],
    [524_288, '512KiB'],
    [33_554_432, '32MiB'],
    [1_073_741_824, '1GiB'],
  ])('writes %d bytes', (bytes, text) => {
    expect(formatByteSize(bytes)).toBe(text);
    expect(parseByteSize(text)).toBe(bytes);
  });
});
