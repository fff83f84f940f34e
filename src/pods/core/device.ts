import type { DeviceKind } from './inventory-rows.js';

/** A device as an agent or a bulk body names it. */
export interface Device {
  kind: DeviceKind;
  /** Device number of a GPU, device name of the others: what exporters label series with. */
  key: string;
  name: string | null;
  uuid: string | null;
  serial: string | null;
  path: string | null;
  slot: string | null;
}

/** What senders call the kinds. */
export const DEVICE_KINDS: Readonly<Record<string, DeviceKind>> = {
  gpu: 'gpu',
  ib: 'infiniband',
  infiniband: 'infiniband',
  rdma: 'rdma',
  asic: 'asic',
};

/** The kind a sender means, or undefined. */
export function deviceKind(value: unknown): DeviceKind | undefined {
  if (typeof value !== 'string') return undefined;
  const word = value.toLowerCase();
  return Object.hasOwn(DEVICE_KINDS, word) ? DEVICE_KINDS[word] : undefined;
}

/**
 * The key of a device: of a GPU its number, or else the digits its name ends with (`card0`, `nvidia0`); of others the name.
 * Null when the fields hold neither.
 */
export function deviceKey(kind: DeviceKind, number: unknown, name: string | null): string | null {
  if (kind !== 'gpu') return name;
  const stated = typeof number === 'string' ? number.trim() : number;
  if (typeof stated === 'number' && Number.isInteger(stated) && stated >= 0) return String(stated);
  if (typeof stated === 'string' && /^\d{1,9}$/.test(stated)) return String(Number(stated));
  const digits = /(\d{1,9})$/.exec(name ?? '')?.[1];
  return digits === undefined ? null : String(Number(digits));
}
