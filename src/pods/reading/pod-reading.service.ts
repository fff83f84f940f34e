import { Injectable } from '@nestjs/common';
import { NotFound } from '../../common/domain-error.js';
import { encodeCursor } from './page-cursor.js';
import { placeOf } from './page-query.dto.js';
import type { PodDetailDto, PodPageDto, PodsQueryDto } from './pod-reading.dto.js';
import { PodReadingRepository } from './pod-reading.repository.js';
import { ReadingSnapshot } from './reading-snapshot.service.js';

/** Pods as the database has them, each answer in one snapshot. */
@Injectable()
export class PodReading {
  constructor(
    private readonly snapshot: ReadingSnapshot,
    private readonly pods: PodReadingRepository,
  ) {}

  /** A stretch of the list. Throws InvalidRequest when the cursor is none. */
  async page(query: PodsQueryDto): Promise<PodPageDto> {
    const after = placeOf('pods', query);
    const page = await this.snapshot.read((manager) => this.pods.page(manager, query, after, query.limit));
    return { items: [...page.items], next_cursor: page.next === null ? null : encodeCursor('pods', page.next) };
  }

  /** Everything about a pod. Throws {@link NotFound} for one that is not known. */
  async find(uid: string): Promise<PodDetailDto> {
    const pod = await this.snapshot.read((manager) => this.pods.find(manager, uid));
    if (pod === undefined) throw new NotFound('No pod with this UID is known.');
    return pod;
  }
}
