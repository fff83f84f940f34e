import { DomainError } from '../../common/domain-error.js';

/** What a request's headers say about its body. */
export interface RemoteWriteFormat {
  readonly version: 1 | 2;
  readonly encoding: 'snappy' | 'zstd';
}

/** The media type, message or encoding is none that we read; decided from the headers alone. */
export class UnsupportedFormat extends DomainError {
  readonly code = 'unsupported_media_type';
  readonly status = 415;
  readonly title = 'Unsupported media type or encoding';
}

const MESSAGES: Readonly<Record<string, 1 | 2>> = { 'prometheus.WriteRequest': 1, 'io.prometheus.write.v2.Request': 2 };

/**
 * Reads Content-Type, Content-Encoding and X-Prometheus-Remote-Write-Version.
 * A missing type means 1.0 and a missing encoding snappy, as every receiver in use has it. (Remote Write 1.0 and 2.0)
 * @throws UnsupportedFormat
 */
export function readFormat(headers: Readonly<Record<string, string | string[] | undefined>>): RemoteWriteFormat {
  return { version: readVersion(headers), encoding: readEncoding(single(headers['content-encoding'])) };
}

function readVersion(headers: Readonly<Record<string, string | string[] | undefined>>): 1 | 2 {
  const [type = '', ...parameters] = single(headers['content-type'])
    .split(';')
    .map((part) => part.trim());
  if (type !== '' && type.toLowerCase() !== 'application/x-protobuf') {
    throw new UnsupportedFormat(`Content-Type ${quote(type)} is not supported: send application/x-protobuf`);
  }
  const announced = single(headers['x-prometheus-remote-write-version']);
  const proto = parameters
    .find((part) => part.toLowerCase().startsWith('proto='))
    ?.slice('proto='.length)
    .replaceAll('"', '');
  if (proto !== undefined) {
    const version = MESSAGES[proto];
    if (version !== undefined) return version;
    throw new UnsupportedFormat(`message ${quote(proto)} is not supported: send ${Object.keys(MESSAGES).join(' or ')}`);
  }
  // 2.x bytes read as 1.0 would parse as an empty request and be lost without a word.
  if (announced.startsWith('2'))
    throw new UnsupportedFormat(
      'version 2 needs Content-Type application/x-protobuf;proto=io.prometheus.write.v2.Request',
    );
  return 1;
}

function readEncoding(encoding: string): 'snappy' | 'zstd' {
  const name = encoding.trim().toLowerCase();
  if (name === '' || name === 'snappy') return 'snappy';
  if (name === 'zstd') return 'zstd';
  throw new UnsupportedFormat(`Content-Encoding ${quote(encoding)} is not supported: send snappy or zstd`);
}

function single(value: string | string[] | undefined): string {
  return Array.isArray(value) ? value.join(',') : (value ?? '');
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
