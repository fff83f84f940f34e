/** A storage that takes everything: counts samples and answers 204. Prints its port; `GET /` answers the counts. */
import { Buffer } from 'node:buffer';
import { createServer } from 'node:http';
import snappy from 'snappy';

const SERIES = 0x0a;
let samples = 0;
let requests = 0;
let lastBody;

/** Series in a WriteRequest; the bench sends one sample in each. */
function countSeries(bytes) {
  let count = 0;
  for (let pos = 0; pos < bytes.length;) {
    const tag = bytes[pos++];
    let length = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[pos++];
      length += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    pos += length;
    if (tag === SERIES) count++;
  }
  return count;
}

const server = createServer((request, response) => {
  if (request.method === 'GET') {
    const wantsBody = request.url === '/last';
    response.end(wantsBody ? lastBody : JSON.stringify({ samples, requests }));
    return;
  }
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    lastBody = snappy.uncompressSync(Buffer.concat(parts), { asBuffer: true, copyOutputData: true });
    samples += countSeries(lastBody);
    requests++;
    response.statusCode = 204;
    response.end();
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
