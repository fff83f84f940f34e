import { METRIC_NAME, type Label } from '../../common/label-set.js';
import { ProtobufReader } from '../../wire/protobuf-reader.js';
import { ProtobufWriter, varintSize } from '../../wire/protobuf-writer.js';

/*
 * A label block is the part of a TimeSeries message that holds its labels:
 *   TimeSeries.labels  1  Label   Label.name  1  string   Label.value  2  string
 * (Remote Write 1.0, prompb/types.proto)
 */
export const LABEL_TAG = 0x0a;
const NAME_TAG = 0x0a;
const VALUE_TAG = 0x12;

/** Bounds on the labels of one series. */
export interface LabelLimits {
  readonly maxLabelsPerSeries: number;
  readonly maxLabelNameBytes: number;
  readonly maxLabelValueBytes: number;
}

/** The labels of a series, or what is wrong with them. */
export type LabelBlock = { readonly labels: readonly Label[] } | { readonly invalid: string };

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads the labels in bytes [start, end). Broken protobuf throws MalformedPayload; labels that break the data model
 * (no or repeated name, over a limit, not UTF-8) make the series invalid, with the reason.
 */
export function readLabelBlock(bytes: Buffer, start: number, end: number, limits: LabelLimits): LabelBlock {
  const reader = new ProtobufReader(bytes, start, end);
  const labels: Label[] = [];
  let invalid: string | undefined;
  while (!reader.done) {
    const tag = reader.tag();
    if (tag !== LABEL_TAG) {
      reader.skip(tag);
      continue;
    }
    const label = readLabel(reader, limits);
    if (typeof label === 'string') invalid ??= label;
    else if (labels.length < limits.maxLabelsPerSeries) labels.push(label);
    else invalid ??= `more labels than METRICS_MAX_LABELS_PER_SERIES of ${limits.maxLabelsPerSeries}`;
  }
  invalid ??= checkLabels(labels);
  return invalid === undefined ? { labels } : { invalid };
}

function readLabel(reader: ProtobufReader, limits: LabelLimits): Label | string {
  const outer = reader.end;
  reader.end = reader.length() + reader.pos;
  let name: string | undefined = '';
  let value: string | undefined = '';
  let problem: string | undefined;
  while (!reader.done) {
    const tag = reader.tag();
    if (tag !== NAME_TAG && tag !== VALUE_TAG) {
      reader.skip(tag);
      continue;
    }
    const length = reader.length();
    const limit = tag === NAME_TAG ? limits.maxLabelNameBytes : limits.maxLabelValueBytes;
    if (length > limit) problem ??= tooLong(tag, length, limit);
    else if (tag === NAME_TAG) name = text(reader, length);
    else value = text(reader, length);
    reader.pos += length;
  }
  reader.end = outer;
  if (problem !== undefined) return problem;
  return name === undefined || value === undefined ? 'a label is not valid UTF-8' : { name, value };
}

function tooLong(tag: number, length: number, limit: number): string {
  const [what, setting] =
    tag === NAME_TAG ? ['name', 'METRICS_MAX_LABEL_NAME_BYTES'] : ['value', 'METRICS_MAX_LABEL_VALUE_BYTES'];
  return `a label ${what} of ${length} bytes is over ${setting} of ${limit}`;
}

/** UTF-8 text, or undefined for other bytes. Nearly all labels are ASCII, which is three times as fast to read. */
function text(reader: ProtobufReader, length: number): string | undefined {
  const { bytes, pos } = reader;
  let high = 0;
  for (let i = pos; i < pos + length; i++) high |= bytes[i] ?? 0;
  if (high < 0x80) return bytes.toString('latin1', pos, pos + length);
  try {
    return decoder.decode(bytes.subarray(pos, pos + length));
  } catch {
    return undefined;
  }
}

function checkLabels(labels: readonly Label[]): string | undefined {
  const seen = new Set<string>();
  let metricName = '';
  for (const { name, value } of labels) {
    if (name === '') return 'a label has no name';
    if (seen.has(name)) return `label ${JSON.stringify(name)} is not unique`;
    seen.add(name);
    if (name === METRIC_NAME) metricName = value;
  }
  return metricName === '' ? 'series without metric name' : undefined;
}

const scratch = new ProtobufWriter();

/** Writes labels, in the order given, as a label block of its own memory. */
export function writeLabelBlock(labels: Iterable<Label>): Buffer {
  scratch.reset();
  for (const { name, value } of labels) {
    const nameSize = Buffer.byteLength(name);
    const valueSize = Buffer.byteLength(value);
    scratch.varint(LABEL_TAG);
    scratch.varint(2 + varintSize(nameSize) + nameSize + varintSize(valueSize) + valueSize);
    scratch.varint(NAME_TAG);
    scratch.text(name, nameSize);
    scratch.varint(VALUE_TAG);
    scratch.text(value, valueSize);
  }
  return scratch.copy();
}
