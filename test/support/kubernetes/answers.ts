import type { IncomingMessage, ServerResponse } from 'node:http';
import { createGzip } from 'node:zlib';
import { pipeline } from 'node:stream/promises';
import { BodyWriter } from './body-writer.js';
import { discoveryDocument } from './discovery.js';
import { type Fault, failureOf, type Faults, type Prohibitions } from './faults.js';
import type { KindRegistry } from './kinds.js';
import { listPage } from './listing.js';
import type { StoredObject } from './object.js';
import { readResourceRequest, type ResourceRequest, writtenKind } from './route.js';
import { ApiFailure, noSuchObject } from './status.js';
import type { ObjectStore } from './store.js';
import type { Traffic } from './traffic.js';
import type { Watches } from './watches.js';

/** What answers are made from. */
export interface Served {
  readonly kinds: KindRegistry;
  readonly store: ObjectStore;
  readonly watches: Watches;
  readonly faults: Faults;
  readonly prohibitions: Prohibitions;
  readonly traffic: Traffic;
  /** Bearer token that requests need; undefined for none. */
  token: string | undefined;
  /** Bytes written at a time. */
  pieceSize: number;
}

/** From how many objects on a listing is compressed for clients that take it. */
const COMPRESSED_FROM = 25;
const JSON_TYPE = 'application/json';

/** Answers one request of a client. */
export async function answer(served: Served, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url ?? '/';
  const cuts: number[] = [];
  record(served, request);
  try {
    for (const fault of served.faults.take(path)) {
      if (fault.type === 'hang') return;
      await suffer(fault, cuts);
    }
    await answerNow(served, request, response, cuts);
  } catch (error) {
    const failure = error instanceof ApiFailure ? error : new ApiFailure(500, String(error));
    writeFailure(response, failure);
  }
}

/** Requests count also when they are refused or never answered. */
function record(served: Served, incoming: IncomingMessage): void {
  try {
    served.traffic.record(readRequest(served, incoming));
  } catch {
    // No request for objects, or none that can be read: answered accordingly, and not counted.
  }
}

function readRequest(served: Served, incoming: IncomingMessage): ResourceRequest {
  return readResourceRequest(urlOf(incoming), incoming.headers.accept ?? '', served.kinds);
}

function urlOf(incoming: IncomingMessage): URL {
  return new URL(incoming.url ?? '/', 'http://stand-in');
}

async function suffer(fault: Fault, cuts: number[]): Promise<void> {
  if (fault.type === 'fail') throw failureOf(fault.answer);
  if (fault.type === 'cut') cuts.push(fault.afterBytes);
  if (fault.type === 'delay') await new Promise((resolve) => setTimeout(resolve, fault.ms));
}

async function answerNow(
  served: Served,
  incoming: IncomingMessage,
  response: ServerResponse,
  cuts: readonly number[],
): Promise<void> {
  const { pathname } = urlOf(incoming);
  if (/^\/(readyz|livez|healthz)$/.test(pathname)) {
    response.end('ok');
    return;
  }
  if (served.token !== undefined && incoming.headers.authorization !== `Bearer ${served.token}`) {
    throw new ApiFailure(401, 'Unauthorized');
  }
  if (incoming.method !== 'GET') throw new ApiFailure(405, `${incoming.method ?? ''} is not served`);
  const document = discoveryDocument(pathname, served.kinds);
  const start = (headers: Record<string, string> = {}) => startBody(served, response, cuts, headers);
  if (document !== undefined) {
    await writeWhole(start(), JSON.stringify(document));
    return;
  }
  const request = readRequest(served, incoming);
  served.prohibitions.check(request);
  if (request.verb === 'watch') served.watches.open(request, start);
  else if (request.verb === 'get') {
    // Before the head of the answer is sent: it may not be there.
    const text = getText(served, request);
    await writeWhole(start(), text);
  } else await writeList(served, request, { incoming, response, cuts, start });
}

function startBody(
  served: Served,
  response: ServerResponse,
  cuts: readonly number[],
  headers: Record<string, string>,
): BodyWriter {
  response.writeHead(200, { 'content-type': JSON_TYPE, 'cache-control': 'no-cache, private', ...headers });
  response.flushHeaders();
  const body = new BodyWriter(response, () => served.pieceSize);
  for (const bytes of cuts) body.cutAfter(bytes);
  return body;
}

function getText(served: Served, request: ResourceRequest): string {
  const found = served.store.get(request.kind, request.namespace, request.name);
  if (found === undefined) throw noSuchObject(request.kind, request.name);
  return objectText(request, found, true);
}

/** Items of built-in kinds say no kind of their own in listings; custom resources and metadata do. */
function saysKindInLists({ kind, partial }: ResourceRequest): boolean {
  return partial || kind.group.includes('.');
}

function objectText(request: ResourceRequest, object: StoredObject, withKind: boolean): string {
  const body = request.partial ? `{"metadata":${object.metadata()}}` : object.body();
  return withKind ? `${JSON.stringify(writtenKind(request)).slice(0, -1)},${body.slice(1)}` : body;
}

interface Exchange {
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  readonly cuts: readonly number[];
  readonly start: (headers?: Record<string, string>) => BodyWriter;
}

async function writeList(served: Served, request: ResourceRequest, exchange: Exchange): Promise<void> {
  const page = listPage(served.store, request);
  const metadata = {
    resourceVersion: String(page.version),
    ...(page.token === '' ? {} : { continue: page.token }),
    ...(page.remaining === undefined ? {} : { remainingItemCount: page.remaining }),
  };
  const head = `${JSON.stringify({ ...writtenKind(request, true), metadata }).slice(0, -1)},"items":[`;
  const parts = listParts(request, head, page.objects);
  if (page.objects.length >= COMPRESSED_FROM && mayCompress(served, exchange)) {
    exchange.response.writeHead(200, { 'content-type': JSON_TYPE, 'content-encoding': 'gzip' });
    // A client that goes away in the middle is its own affair.
    await pipeline(parts, createGzip({ level: 1 }), exchange.response).catch(() => undefined);
    return;
  }
  const body = exchange.start();
  for (const part of parts) {
    if (body.isClosed) return;
    await body.write(part);
  }
  body.end();
}

function mayCompress({ pieceSize }: Served, { incoming, cuts }: Exchange): boolean {
  const taken = incoming.headers['accept-encoding'] ?? '';
  return pieceSize === Infinity && cuts.length === 0 && /\bgzip\b/.test(taken);
}

/** The text of a listing, some objects at a time. */
function* listParts(request: ResourceRequest, head: string, objects: readonly StoredObject[]): Generator<string> {
  const withKind = saysKindInLists(request);
  const atOnce = 50;
  yield head;
  for (let start = 0; start < objects.length; start += atOnce) {
    const texts = objects.slice(start, start + atOnce).map((object) => objectText(request, object, withKind));
    yield `${start === 0 ? '' : ','}${texts.join(',')}`;
  }
  yield ']}\n';
}

async function writeWhole(body: BodyWriter, text: string): Promise<void> {
  await body.write(`${text}\n`);
  body.end();
}

function writeFailure(response: ServerResponse, failure: ApiFailure): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const wait = failure.retryAfter;
  response.setHeader('content-type', failure.contentType);
  if (wait !== undefined) response.setHeader('retry-after', wait);
  response.writeHead(failure.code);
  response.end(failure.body());
}
