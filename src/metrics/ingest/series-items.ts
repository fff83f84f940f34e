import { ProtobufReader } from '../../wire/protobuf-reader.js';
import { ProtobufWriter } from '../../wire/protobuf-writer.js';
import { OUTCOME_INDEX } from '../core/outcome.js';
import { readHistogram } from './native-histogram.js';
import type { OutgoingBatch } from './outgoing-batch.js';
import { droppedAs, isStaleMarker } from './sample-bytes.js';
import { sameOutput, type SeriesDecisions } from './series-decisions.js';
import type { CachedDecision, OutputLabels, SeriesEntry } from './series-entry.js';

const SAMPLE = 0x12;
const EXEMPLAR = 0x1a;
const EXEMPLAR_LABEL = 0x0a;
const HISTOGRAM = 0x22;

/** Data handled at once: a datum may take two bytes of a request and takes hundreds as an object. */
const MAX_ITEMS = 10_000;

/** One datum of a series: where it stands in the request, its time, and what is to become of it. */
interface Item {
  readonly kind: 'samples' | 'histograms' | 'exemplars';
  /** The whole field with its tag, [start, end). */
  readonly start: number;
  readonly end: number;
  /** ms */
  readonly timestamp: number;
  readonly stale: boolean;
  readonly value: number | undefined;
  readonly problem: string | undefined;
  readonly decision: CachedDecision;
  /** Index into OUTCOMES. */
  outcome: number;
  /** Whether the request has given the series a sample of this time already. */
  repeated: boolean;
}

/**
 * Handles series one datum at a time: samples to be dropped among others, exemplars, native histograms, times that need
 * decisions of their own, contested outputs, captured series. Same result as the walker's fast pattern, for any content.
 */
export class SeriesItems {
  private readonly writer = new ProtobufWriter();

  constructor(private readonly decisions: SeriesDecisions) {}

  /** Processes the fields of a series after its labels, bytes [start, end). */
  process(entry: SeriesEntry, bytes: Buffer, start: number, end: number, batch: OutgoingBatch): void {
    this.decisions.batch = batch;
    const reader = new ProtobufReader(bytes, start, end);
    let problem = entry.decision.invalid;
    do {
      const items = this.read(entry, reader);
      markRepeated(items, batch.newestOf(entry) ?? -Infinity);
      for (const output of outputsOf(items)) this.emit(entry, output, items, bytes, batch);
      this.count(entry, items, batch);
      problem ??= items.find((item) => item.problem !== undefined)?.problem;
    } while (!reader.done);
    if (problem === undefined) return;
    batch.invalidSeries++;
    batch.firstInvalid ??= problem;
  }

  /** Reads the next portion of the fields. */
  private read(entry: SeriesEntry, reader: ProtobufReader): Item[] {
    const { bytes } = reader;
    const items: Item[] = [];
    let recent: CachedDecision | undefined;
    while (!reader.done && items.length < MAX_ITEMS) {
      const fieldStart = reader.pos;
      const tag = reader.tag();
      if (tag !== SAMPLE && tag !== EXEMPLAR && tag !== HISTOGRAM) {
        reader.skip(tag);
        continue;
      }
      const length = reader.length();
      const valueStart = reader.pos;
      reader.pos += length;
      const datum =
        tag === HISTOGRAM ? histogram(bytes, valueStart, reader.pos) : point(bytes, valueStart, reader.pos, tag);
      // Decisions about the past are not kept with the entry, so runs of late samples share one here.
      const { timestamp } = datum;
      if (recent === undefined || timestamp < recent.from || timestamp >= recent.to) {
        recent = this.decisions.decisionAt(entry, timestamp);
      }
      const decision = recent;
      items.push({
        ...datum,
        start: fieldStart,
        end: reader.pos,
        decision,
        outcome: outcomeOf(datum, decision),
        repeated: false,
      });
    }
    return items;
  }

  private emit(
    entry: SeriesEntry,
    output: OutputLabels,
    items: readonly Item[],
    bytes: Buffer,
    batch: OutgoingBatch,
  ): void {
    const { writer } = this;
    writer.reset();
    const onlyExemplars = items.every((item) => item.kind === 'exemplars');
    let newest: Item | undefined;
    for (const item of items) {
      if (item.kind === 'exemplars' || item.repeated || !feeds(item, output)) continue;
      if (!this.decisions.contests.claim(output, item.timestamp, entry)) {
        item.outcome = OUTCOME_INDEX.duplicate;
        continue;
      }
      writer.raw(bytes, item.start, item.end);
      newest = item;
    }
    if (newest === undefined && !onlyExemplars) return;
    for (const item of items)
      if (item.kind === 'exemplars' && feeds(item, output)) writer.raw(bytes, item.start, item.end);
    if (writer.length === 0) return;
    batch.emit(output.slab.bytes, output.offset, output.length, writer.bytes, 0, writer.length);
    if (newest !== undefined) batch.feed(entry, newest.timestamp, newest.stale);
  }

  private count(entry: SeriesEntry, items: readonly Item[], batch: OutgoingBatch): void {
    const { capture } = this.decisions;
    const captured = capture !== undefined && this.decisions.isCaptured(entry);
    const labels = captured ? this.decisions.labelsOf(entry) : [];
    for (const { kind, outcome, timestamp, value } of items) {
      batch.received[kind]++;
      if (outcome === OUTCOME_INDEX.invalid) batch.invalid[kind]++;
      if (kind === 'exemplars') continue;
      batch.counts[outcome] = (batch.counts[outcome] ?? 0) + 1;
      entry.activity.counts[outcome] = (entry.activity.counts[outcome] ?? 0) + 1;
      if (captured) capture.record({ labels, timestamp, outcome, value });
    }
  }
}

type Datum = Omit<Item, 'start' | 'end' | 'decision' | 'outcome' | 'repeated'>;

/** Storages refuse a request that gives a series two values for one time; the first one counts. `newest`: time it has been fed up to. */
function markRepeated(items: readonly Item[], newest: number): void {
  const seenOf = { samples: new Set<number>(), histograms: new Set<number>() };
  for (const item of items) {
    if (item.kind === 'exemplars' || item.outcome !== item.decision.outcome || item.decision.outputs.length === 0)
      continue;
    const seen = seenOf[item.kind];
    item.repeated = item.timestamp <= newest || seen.has(item.timestamp);
    if (item.repeated) item.outcome = OUTCOME_INDEX.duplicate;
    seen.add(item.timestamp);
  }
}

function outcomeOf(datum: Datum, decision: CachedDecision): number {
  if (datum.problem !== undefined) return OUTCOME_INDEX.invalid;
  if (decision.outputs.length === 0 || datum.kind !== 'samples' || datum.value === undefined) return decision.outcome;
  const dropped = droppedAs(datum.value, decision.sentinels);
  return dropped < 0 ? decision.outcome : dropped;
}

/** Sample: value 1 double, timestamp 2 int64. Exemplar: labels 1, value 2 double, timestamp 3 int64. */
function point(bytes: Buffer, start: number, end: number, tag: number): Datum {
  const isSample = tag === SAMPLE;
  const [valueTag, timestampTag] = isSample ? [0x09, 0x10] : [0x11, 0x18];
  const reader = new ProtobufReader(bytes, start, end);
  let value = 0;
  let timestamp = 0;
  let stale = false;
  while (!reader.done) {
    const field = reader.tag();
    if (field === valueTag) {
      value = reader.double();
      stale = isStaleMarker(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), reader.pos - 8);
    } else if (field === timestampTag) {
      timestamp = reader.int64();
    } else if (!isSample && field === EXEMPLAR_LABEL) {
      // Passed on unread, but a storage would refuse a whole request for one that is broken.
      reader.skipMessage();
    } else {
      reader.skip(field);
    }
  }
  return { kind: isSample ? 'samples' : 'exemplars', timestamp, stale, value, problem: undefined };
}

function histogram(bytes: Buffer, start: number, end: number): Datum {
  return { kind: 'histograms', value: undefined, ...readHistogram(bytes, start, end) };
}

function feeds(item: Item, output: OutputLabels): boolean {
  const wanted = item.outcome === item.decision.outcome || item.outcome === OUTCOME_INDEX.duplicate;
  return wanted && item.decision.outputs.some((own) => own === output || sameOutput(own, output));
}

/** The different outputs of the items, in the order of their samples. */
function outputsOf(items: readonly Item[]): OutputLabels[] {
  const outputs: OutputLabels[] = [];
  for (const { decision } of items) {
    for (const output of decision.outputs) {
      if (!outputs.some((other) => other === output || sameOutput(other, output))) outputs.push(output);
    }
  }
  return outputs;
}
