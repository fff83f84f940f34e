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

/** What is wrong with the labels of a series. */
export interface InvalidLabels {
  readonly invalid: string;
  /** Name of the label that is to blame, where it is one and its name can be told. */
  readonly label?: string;
  /** What crossed which limit. */
  readonly received?: number;
  readonly limit?: number;
}

/** The labels of a series, or what is wrong with them. */
export type LabelBlock = { readonly labels: readonly Label[] } | InvalidLabels;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads the labels in bytes [start, end). Broken protobuf throws MalformedPayload; labels that break the data model
 * (no or repeated name, over a limit, not UTF-8) make the series invalid, with the reason.
 */
export function readLabelBlock(bytes: Buffer, start: number, end: number, limits: LabelLimits): LabelBlock {
  const reader = new ProtobufReader(bytes, start, end);
  const labels: Label[] = [];
  const limit = limits.maxLabelsPerSeries;
  let received = 0;
  let fault: InvalidLabels | undefined;
  while (!reader.done) {
    const tag = reader.tag();
    if (tag !== LABEL_TAG) {
      reader.skip(tag);
      continue;
    }
    const label = readLabel(reader, limits);
    received++;
    if ('invalid' in label) fault ??= label;
    else if (received <= limit) labels.push(label);
  }
  if (received > limit) {
    const invalid = `a series of ${received} labels is over METRICS_MAX_LABELS_PER_SERIES of ${limit}`;
    return { invalid, received, limit };
  }
  return fault ?? checkLabels(labels) ?? { labels };
}

function readLabel(reader: ProtobufReader, limits: LabelLimits): Label | InvalidLabels {
  const outer = reader.end;
  reader.end = reader.length() + reader.pos;
  let name: string | undefined = '';
  let value: string | undefined = '';
  let problem: InvalidLabels | undefined;
  while (!reader.done) {
    const tag = reader.tag();
    if (tag !== NAME_TAG && tag !== VALUE_TAG) {
      reader.skip(tag);
      continue;
    }
    const length = reader.length();
    const limit = tag === NAME_TAG ? limits.maxLabelNameBytes : limits.maxLabelValueBytes;
    if (length > limit) problem ??= tooLong(tag, length, limit, name);
    else if (tag === NAME_TAG) name = text(reader, length);
    else value = text(reader, length);
    reader.pos += length;
  }
  reader.end = outer;
  if (problem !== undefined) return problem;
  return name === undefined || value === undefined ? { invalid: 'a label is not valid UTF-8' } : { name, value };
}

function tooLong(tag: number, received: number, limit: number, name = ''): InvalidLabels {
  const [what, setting] =
    tag === NAME_TAG ? ['name', 'METRICS_MAX_LABEL_NAME_BYTES'] : ['value', 'METRICS_MAX_LABEL_VALUE_BYTES'];
  const invalid = `a label ${what} of ${received} bytes is over ${setting} of ${limit}`;
  return { invalid, received, limit, ...(tag === VALUE_TAG && name !== '' ? { label: name } : {}) };
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

function checkLabels(labels: readonly Label[]): InvalidLabels | undefined {
  const seen = new Set<string>();
  let metricName = '';
  for (const { name, value } of labels) {
    if (name === '') return { invalid: 'a label has no name' };
    if (seen.has(name)) return { invalid: `label ${JSON.stringify(name)} is not unique`, label: name };
    seen.add(name);
    if (name === METRIC_NAME) metricName = value;
  }
  return metricName === '' ? { invalid: 'series without metric name' } : undefined;
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
