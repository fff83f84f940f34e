import { KubernetesError } from './kubernetes-error.js';

const NEWLINE = 0x0a;

/**
 * The lines of a stream of bytes, one at a time: the stream is read on only when the next line is asked for. Bytes are
 * split before they are decoded, so chunks may end inside a character. Blank lines are left out.
 * @param maxBytes longest line
 * @throws KubernetesError when a line is longer, or the stream ends inside a line
 */
export async function* jsonLines(chunks: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<string, void> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const line = Buffer.concat([...held, chunk.subarray(start, end)]).toString('utf8');
      held = [];
      heldBytes = 0;
      start = end + 1;
      if (line.trim() !== '') yield line;
    }
    heldBytes += chunk.length - start;
    if (heldBytes > maxBytes) throw malformed(`an event of the watch is longer than ${maxBytes} bytes`);
    if (start < chunk.length) held.push(chunk.subarray(start));
  }
  if (Buffer.concat(held).toString('utf8').trim() !== '') {
    throw new KubernetesError('the watch was cut inside an event', { status: 0, reason: 'Network' });
  }
}

/** Parses JSON. Throws KubernetesError when it is none. */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw malformed(`${what} is not JSON`, cause);
  }
}

/** An answer that is not what the API promises. */
export function malformed(message: string, cause?: unknown): KubernetesError {
  return new KubernetesError(message, { status: 0, reason: 'Malformed', cause });
}
