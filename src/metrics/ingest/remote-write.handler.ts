import type { IncomingMessage, ServerResponse } from 'node:http';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { DomainError } from '../../common/domain-error.js';
import { METRICS_CONFIG, type MetricsConfig } from '../../config/metrics.config.js';
import { sendLine } from '../../http/plain-line.js';
import { InventoryCache } from '../../pods/cache/inventory-cache.service.js';
import { MetricsForwarder } from '../forwarder/forwarder.service.js';
import { MetricsSelfMetrics } from '../self-metrics.js';
import { readFormat, type RemoteWriteFormat } from './remote-write-format.js';
import { PartlyInvalid, RemoteWriteService, type Written } from './remote-write.service.js';
import { InFlightBytes, readBody } from './request-body.js';

const NOTHING: Written = { samples: 0, histograms: 0, exemplars: 0 };
/** Answer to an error nobody foresaw: the sender keeps its data and comes again. */
const UNFORESEEN_STATUS = 503;

/** Methods that may come without a body. */
const WITHOUT_BODY: Readonly<Record<string, 'status' | 'write' | undefined>> = {
  GET: 'status',
  HEAD: 'status',
  POST: 'write',
};

/**
 * The HTTP side of remote write: reads the raw body within its limits and answers what senders understand. Errors are one
 * line of plain text, because senders log the first line; only 503 makes every sender keep its data (reference B.3).
 */
@Injectable()
export class RemoteWriteHandler {
  private readonly logger = new Logger(RemoteWriteHandler.name);
  private readonly inFlight: InFlightBytes;

  constructor(
    private readonly service: RemoteWriteService,
    private readonly forwarder: MetricsForwarder,
    private readonly inventory: InventoryCache,
    private readonly metrics: MetricsSelfMetrics,
    @Inject(METRICS_CONFIG) private readonly config: MetricsConfig,
  ) {
    this.inFlight = new InFlightBytes(config.maxInFlightBytes, config.retryAfter / 1000, (bytes) => {
      metrics.inFlightBytes.set(bytes);
    });
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const use = hasBody(request) ? 'write' : WITHOUT_BODY[request.method ?? ''];
    if (use === 'status') this.status(request, response);
    else if (use === 'write') await this.write(request, response);
    else {
      response.setHeader('allow', 'POST, GET, HEAD');
      sendLine(response, 405, `${request.method ?? ''} without a body is not allowed`);
    }
  }

  private async write(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let format: RemoteWriteFormat | undefined;
    try {
      format = readFormat(request.headers);
      this.service.assertReady();
      const written = await this.takeBody(request, format);
      this.finish(response, format, 204, { written });
    } catch (error) {
      if (isGone(request, response)) return;
      const refusal = this.refusal(error);
      this.logRefusal(request, refusal);
      this.finish(response, format, refusal.status, refusal);
    } finally {
      if (!request.complete) discardRest(request, response, this.config.maxCompressedBytes);
    }
  }

  private async takeBody(request: IncomingMessage, format: RemoteWriteFormat): Promise<Written> {
    const body = await readBody(request, this.config.maxCompressedBytes, this.inFlight);
    try {
      return await this.service.take(body.bytes, format);
    } finally {
      body.release();
    }
  }

  private refusal(error: unknown): { status: number; message: string; written: Written; retryAfter?: number } {
    if (!(error instanceof DomainError)) {
      this.logger.error({ err: error }, 'remote write failed');
      return {
        status: UNFORESEEN_STATUS,
        message: 'internal error',
        written: NOTHING,
        retryAfter: this.config.retryAfter / 1000,
      };
    }
    const written = error instanceof PartlyInvalid ? error.written : NOTHING;
    return { status: error.status, message: error.message, written, retryAfter: error.retryAfterSeconds };
  }

  /** What a sender did wrong is worth a line each time; what it will send again is told by the state of storage and inventory. */
  private logRefusal(
    { headers, socket }: IncomingMessage,
    { status, message }: { status: number; message: string },
  ): void {
    const facts = { status, detail: message, userAgent: headers['user-agent'], remoteAddress: socket.remoteAddress };
    if (status < 500) this.logger.warn(facts, 'remote write refused');
    else this.logger.debug(facts, 'remote write put off');
  }

  private finish(
    response: ServerResponse,
    format: RemoteWriteFormat | undefined,
    status: number,
    { message, written, retryAfter }: { message?: string; written: Written; retryAfter?: number },
  ): void {
    this.metrics.requests.inc({
      version: format === undefined ? 'unknown' : String(format.version),
      status: String(status),
    });
    if (format?.version === 2) setWritten(response, written);
    if (retryAfter !== undefined) response.setHeader('retry-after', String(Math.max(1, Math.ceil(retryAfter))));
    if (message !== undefined) {
      sendLine(response, status, message);
      return;
    }
    response.statusCode = status;
    response.end();
  }

  /** What a person who opens the URL sees; vmagent's handshake of v1.88 to v1.115 asks for the version of its own protocol. */
  private status(request: IncomingMessage, response: ServerResponse): void {
    if (new URL(request.url ?? '/', 'http://localhost').searchParams.has('get_vm_proto_version')) {
      // The number and nothing else: vmagent does not trim it.
      response.end('1');
      return;
    }
    const body = {
      accepts: ['remote write 1.0 (snappy, zstd)', 'remote write 2.0 (snappy, zstd)'],
      inventory_synced: this.inventory.synced,
      storage: this.forwarder.states.map(({ name, up, lastFailure }) => ({
        name,
        up,
        last_failure: up ? null : lastFailure,
      })),
    };
    response.setHeader('content-type', 'application/json');
    response.end(`${JSON.stringify(body)}\n`);
  }
}

/** Whether nobody is left to read an answer. A request read to its end counts as destroyed too. */
function isGone(request: IncomingMessage, response: ServerResponse): boolean {
  return response.destroyed || (request.destroyed && !request.complete);
}

function hasBody(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
}

/** Counts that a 2.0 sender goes by. (Remote Write 2.0, required written response headers) */
function setWritten(response: ServerResponse, written: Written): void {
  response.setHeader('X-Prometheus-Remote-Write-Samples-Written', String(written.samples));
  response.setHeader('X-Prometheus-Remote-Write-Histograms-Written', String(written.histograms));
  response.setHeader('X-Prometheus-Remote-Write-Exemplars-Written', String(written.exemplars));
}

/** Lets the rest of a refused body pass, so that the sender gets to read the answer; a sender without end is cut off. */
function discardRest(request: IncomingMessage, response: ServerResponse, limit: number): void {
  let discarded = 0;
  request.on('data', (part: Buffer) => {
    discarded += part.length;
    if (discarded > limit && response.writableFinished) request.destroy();
  });
  request.resume();
}
