import type { DeviceKind } from './inventory-rows.js';

/** An exporter's word that a pod holds a device. */
export interface LearnedDevice {
  readonly node: string;
  readonly kind: DeviceKind;
  readonly key: string;
  readonly uuid: string | null;
  readonly serial: string | null;
  readonly podUid: string;
  /** Times (ms) of the first and the newest sample that say so, without a longer silence in between. */
  readonly first: number;
  readonly last: number;
}

/** What became of learned bindings. */
export interface LearnedChanges {
  readonly written: number;
  readonly released: number;
  /** Taken back, because the pod was an exporter's or a stronger source says who held the device. */
  readonly withdrawn: number;
}
