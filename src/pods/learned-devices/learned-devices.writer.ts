import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { countChanged } from '../../database/count-changed.js';
import type { LearnedChanges, LearnedDevice } from '../core/learned-device.js';
import {
  BIND,
  IDENTIFY,
  RELEASE_ENDED,
  RELEASE_OVERRULED,
  RELEASE_SILENT,
  RELEASE_SUPERSEDED,
  RENEW,
  WITHDRAW_EXPORTERS,
  WITHDRAW_OVERRULED,
} from './learned-devices.statements.js';

/** Key of the advisory lock that puts these writes in a row; any constant of our own will do. */
const LEARNED_DEVICES_LOCK = 7_305_102;

/**
 * How long (s) another holder must have been seen before a former one that has not been seen since has lost the device:
 * longer than the database may lag behind with what replicas see, and scrapes be apart.
 */
const SUCCESSOR_SEEN = 120;

/** Writes what exporters' labels say about holders of devices. Everything is decided by the rows, so any replica may do it. */
@Injectable()
export class LearnedDevicesWriter {
  /** Writes what was seen. */
  async learn(
    manager: EntityManager,
    devices: readonly LearnedDevice[],
  ): Promise<LearnedChanges & { changed: boolean }> {
    await this.lock(manager);
    const rows = [JSON.stringify(devices)];
    await countChanged(manager, RENEW, rows);
    const identified = await countChanged(manager, IDENTIFY, rows);
    const written = await countChanged(manager, BIND, rows);
    return { written, released: 0, withdrawn: 0, changed: written + identified > 0 };
  }

  /**
   * Ends what is over.
   * @param exporters uids of pods that are exporters
   * @param silentSince time (ms) since when a holder must have been seen
   */
  async tidy(manager: EntityManager, exporters: readonly string[], silentSince: number): Promise<LearnedChanges> {
    await this.lock(manager);
    const ofExporters = exporters.length === 0 ? 0 : await countChanged(manager, WITHDRAW_EXPORTERS, [exporters]);
    const withdrawn = ofExporters + (await countChanged(manager, WITHDRAW_OVERRULED));
    let released = await countChanged(manager, RELEASE_OVERRULED);
    released += await countChanged(manager, RELEASE_ENDED);
    released += await countChanged(manager, RELEASE_SUPERSEDED, [SUCCESSOR_SEEN]);
    if (silentSince > -Infinity) released += await countChanged(manager, RELEASE_SILENT, [new Date(silentSince)]);
    return { written: 0, released, withdrawn };
  }

  private async lock(manager: EntityManager): Promise<void> {
    await manager.query('SELECT pg_advisory_xact_lock($1)', [LEARNED_DEVICES_LOCK]);
  }
}
