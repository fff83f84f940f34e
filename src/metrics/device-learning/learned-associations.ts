import type { LearnedDevice } from '../../pods/core/learned-device.js';
import type { DeviceAssociation } from '../core/device-association.js';
import type { SeriesEntry } from '../ingest/series-entry.js';
import type { SeriesLearner } from '../ingest/series-decisions.js';

/** Samples whose time (ms) is further ahead of ours come from a wrong clock and teach nothing. */
const MAX_AHEAD = 60_000;
/** Time (ms) for which the database may lag behind with what is seen again and again. */
const RENEWAL = 60_000;
/** Series watched for one association; of different metrics, because a metric may end alone. */
const WITNESSES = 8;
/** Exporters' pods remembered. */
const MAX_EXPORTERS = 10_000;

/** What the associations are bounded by. */
export interface LearningLimits {
  /** Silence (ms) after which an association has ended. */
  readonly expiry: number;
  readonly maxAssociations: number;
  /** Whether an entry still belongs to the cache of series. */
  readonly isLive: (entry: SeriesEntry) => boolean;
}

/** The names of the pods that are said to hold a device, by pod. */
type Claims = Map<string, Association>;

const NO_CLAIMS: Claims = new Map();

/** One pod that is said to hold one device, and the series that say so. */
class Association {
  first: number;
  last: number;
  explicit = false;
  /** `last` as the database has it. */
  written = -Infinity;
  readonly witnesses: SeriesEntry[] = [];

  constructor(
    readonly device: string,
    readonly says: DeviceAssociation,
    at: number,
  ) {
    this.first = this.last = at;
  }

  /** Takes note of a sample; after a longer silence the association begins anew. */
  saw(at: number, expiry: number): void {
    if (at <= this.last) return;
    if (at - this.last > expiry) this.first = at;
    this.last = at;
  }
}

/**
 * Who holds which device by the labels of the series in the cache. Told of decisions; from then on the times of the newest
 * samples are read from a few of the series themselves, so that samples cost nothing.
 */
export class LearnedAssociations implements SeriesLearner {
  private readonly devices = new Map<string, Claims>();
  private readonly witnessed = new Map<SeriesEntry, Association>();
  private readonly exporters = new Set<string>();
  /** Exporters that have been recognised since they were last asked for. */
  private recognised: string[] = [];
  /** Devices with a claim that nobody has looked at yet. */
  private readonly unlooked = new Set<string>();
  size = 0;
  /** Associations refused for want of room. */
  refused = 0;

  /** @param now gives the time (ms) to tell samples from the future by */
  constructor(
    private readonly limits: LearningLimits,
    private readonly now: () => number,
  ) {}

  /** Silence (ms) after which an association has ended. */
  get expiry(): number {
    return this.limits.expiry;
  }

  observe(entry: SeriesEntry, says: DeviceAssociation | undefined, at: number): void {
    this.leave(entry, at);
    if (says === undefined || at > this.now() + MAX_AHEAD) return;
    if (says.exporterUid !== undefined) this.recognise(says.exporterUid);
    const association = this.associationOf(says, at);
    if (association === undefined) return;
    association.saw(at, this.limits.expiry);
    association.explicit ||= says.explicit;
    this.join(entry, association);
  }

  /** Exporters recognised since the last call; what was learned of them is wrong. */
  takeExporters(): string[] {
    const exporters = this.recognised;
    this.recognised = [];
    return exporters;
  }

  /** Puts exporters back that could not be dealt with. */
  returnExporters(exporters: readonly string[]): void {
    this.recognised.push(...exporters);
  }

  /**
   * Brings associations up to date and gives what the database is to be told. Yields after each device.
   * @param silentSince time (ms); what has not been seen since has ended, and begins anew if its series come back
   * @param which all devices, or those alone of which something new has been said since the last call
   */
  *due(silentSince: number, which: 'all' | 'new' = 'all'): Generator<void, LearnedDevice[]> {
    const due: LearnedDevice[] = [];
    const devices = which === 'all' ? this.devices.keys() : [...this.unlooked];
    this.unlooked.clear();
    for (const device of devices) {
      const claims = this.devices.get(device) ?? NO_CLAIMS;
      for (const association of claims.values()) this.look(association, claims, silentSince);
      if (claims.size === 0) this.devices.delete(device);
      const standing = standingOf([...claims.values()].filter(({ last }) => last >= silentSince));
      for (const association of standing) {
        const lag = standing.length > 1 ? 0 : RENEWAL;
        if (association.last > association.written + lag) due.push(told(association));
      }
      yield;
    }
    return due;
  }

  /** The database has been told. */
  written(devices: readonly LearnedDevice[]): void {
    for (const learned of devices) {
      const association = this.devices.get(deviceOf(learned))?.get(learned.podUid);
      if (association !== undefined) association.written = Math.max(association.written, learned.last);
    }
  }

  private associationOf(says: DeviceAssociation, at: number): Association | undefined {
    const device = deviceOf(says);
    const known = this.devices.get(device)?.get(says.podUid);
    if (known !== undefined) return known;
    if (!says.explicit && this.exporters.has(says.podUid)) return undefined;
    if (this.size >= this.limits.maxAssociations) {
      this.refused++;
      return undefined;
    }
    const association = new Association(device, says, at);
    const claims = this.devices.get(device) ?? new Map<string, Association>();
    claims.set(says.podUid, association);
    this.devices.set(device, claims);
    this.unlooked.add(device);
    this.size++;
    return association;
  }

  /** The series may say something else from now on; what it said until now counts. */
  private leave(entry: SeriesEntry, at: number): void {
    const association = this.witnessed.get(entry);
    if (association === undefined) return;
    if (entry.lastTimestamp < at) this.hear(association, entry);
    this.dismiss(association, entry);
  }

  private join(entry: SeriesEntry, association: Association): void {
    const { witnesses } = association;
    const former =
      witnesses.find((witness) => witness.activity === entry.activity) ??
      (witnesses.length < WITNESSES ? undefined : witnesses.find((witness) => isSilent(witness, association)));
    if (former === undefined && witnesses.length >= WITNESSES) return;
    if (former !== undefined) {
      this.hear(association, former);
      this.dismiss(association, former);
    }
    witnesses.push(entry);
    this.witnessed.set(entry, association);
  }

  private look(association: Association, claims: Claims, silentSince: number): void {
    for (const witness of [...association.witnesses]) {
      this.hear(association, witness);
      if (!this.limits.isLive(witness)) this.dismiss(association, witness);
    }
    const isExporters = !association.explicit && this.exporters.has(association.says.podUid);
    const isOver = association.last < silentSince && association.witnesses.length === 0;
    if (!isOver && !isExporters) return;
    for (const witness of [...association.witnesses]) this.dismiss(association, witness);
    claims.delete(association.says.podUid);
    this.size--;
  }

  /** A stale marker is no reading: it says that the series has ended. */
  private hear(association: Association, { lastTimestamp, lastStale }: SeriesEntry): void {
    if (!lastStale && lastTimestamp <= this.now() + MAX_AHEAD) association.saw(lastTimestamp, this.limits.expiry);
  }

  private dismiss(association: Association, witness: SeriesEntry): void {
    association.witnesses.splice(association.witnesses.indexOf(witness), 1);
    this.witnessed.delete(witness);
  }

  private recognise(exporter: string): void {
    if (this.exporters.has(exporter)) return;
    if (this.exporters.size >= MAX_EXPORTERS) this.exporters.clear();
    this.exporters.add(exporter);
    this.recognised.push(exporter);
  }
}

/** The claims that count: when an exporter says expressly whose a device is, plain labels beside that are the exporters' own. */
function standingOf(all: readonly Association[]): readonly Association[] {
  return all.some(({ explicit }) => explicit) ? all.filter(({ explicit }) => explicit) : all;
}

/** Whether others have been seen since, but not this one. */
function isSilent(witness: SeriesEntry, { last }: Association): boolean {
  return witness.lastStale || witness.lastTimestamp < last - RENEWAL;
}

function told({ says, first, last }: Association): LearnedDevice {
  const { node, kind, key, uuid, serial, podUid } = says;
  return { node, kind, key, uuid, serial, podUid, first, last };
}

/** Node names cannot hold a slash. */
function deviceOf({ node, kind, key }: Pick<LearnedDevice, 'node' | 'kind' | 'key'>): string {
  return `${node}/${kind}/${key}`;
}
