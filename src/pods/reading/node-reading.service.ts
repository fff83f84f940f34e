import { Injectable } from '@nestjs/common';
import { NotFound } from '../../common/domain-error.js';
import type { NodeDetailDto, NodePageDto, NodesQueryDto } from './node-reading.dto.js';
import { NodeReadingRepository } from './node-reading.repository.js';
import { encodeCursor } from './page-cursor.js';
import { placeOf } from './page-query.dto.js';
import { ReadingSnapshot } from './reading-snapshot.service.js';

/** Nodes as the database has them, each answer in one snapshot. */
@Injectable()
export class NodeReading {
  constructor(
    private readonly snapshot: ReadingSnapshot,
    private readonly nodes: NodeReadingRepository,
  ) {}

  /** A stretch of the list. Throws InvalidRequest when the cursor is none. */
  async page(query: NodesQueryDto): Promise<NodePageDto> {
    const after = placeOf('nodes', query);
    const page = await this.snapshot.read((manager) => this.nodes.page(manager, query, after, query.limit));
    return { items: [...page.items], next_cursor: page.next === null ? null : encodeCursor('nodes', page.next) };
  }

  /** Everything about a node. Throws {@link NotFound} for one that is not known. */
  async find(name: string): Promise<NodeDetailDto> {
    const node = await this.snapshot.read((manager) => this.nodes.find(manager, name));
    if (node === undefined) throw new NotFound('No node of this name is known.');
    return node;
  }
}
