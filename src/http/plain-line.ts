import type { ServerResponse } from 'node:http';

/** Senders log at most 1,024 bytes of an answer. (Prometheus, remote write client) */
const MAX_BYTES = 1_000;

export const PLAIN_TEXT = 'text/plain; charset=utf-8';

/** Answers one line of plain text. */
export function sendLine(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader('content-type', PLAIN_TEXT);
  response.end(oneLine(text));
}

/** The text as one line of bounded length, its line break included. */
export function oneLine(text: string): string {
  return `${firstBytes(text.replace(/\s+/g, ' '), MAX_BYTES)}\n`;
}

/** The beginning of a text, cut between characters. */
function firstBytes(text: string, limit: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return text;
  let end = limit;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}
