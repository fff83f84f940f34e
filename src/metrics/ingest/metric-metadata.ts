import { ProtobufReader } from '../../wire/protobuf-reader.js';
import { ProtobufWriter } from '../../wire/protobuf-writer.js';
import type { EnrichmentRules } from '../core/enrichment-rules.js';
import type { OutgoingBatch } from './outgoing-batch.js';

/*
 * MetricMetadata: type 1 enum, metric_family_name 2 string, help 4 string, unit 5 string (prompb/types.proto)
 */
const METADATA = 0x1a;
const FAMILY_NAME = 0x12;

const renamed = new ProtobufWriter();

/**
 * Passes a MetricMetadata message on under the emitted family's name; under its own too when unmatched series are forwarded.
 * What names no family is left out.
 */
export function writeMetadata(
  bytes: Buffer,
  start: number,
  end: number,
  rules: EnrichmentRules,
  batch: OutgoingBatch,
): void {
  const reader = new ProtobufReader(bytes, start, end);
  renamed.reset();
  let family = '';
  while (!reader.done) {
    const at = reader.pos;
    const tag = reader.tag();
    if (tag === FAMILY_NAME) {
      // The last one counts, as for any singular field; writing each would let a few bytes become many.
      const length = reader.length();
      family = bytes.toString('utf8', reader.pos, reader.pos + length);
      reader.pos += length;
    } else {
      reader.skip(tag);
      renamed.raw(bytes, at, reader.pos);
    }
  }
  if (family === '') return;
  renamed.stringField(FAMILY_NAME, rules.namePrefix + family);
  batch.metadata++;
  batch.series.bytesField(METADATA, renamed.view());
  if (rules.forwardUnmatched && rules.namePrefix !== '') batch.series.bytesField(METADATA, bytes, start, end);
}
