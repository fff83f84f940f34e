import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import type { DeviceKind } from '../core/inventory-rows.js';
import { IsText, PageQueryDto } from './page-query.dto.js';
import { HoldingDto, PodWorkloadDto } from './pod-reading.dto.js';

const STATES = ['present', 'removed', 'all'] as const;

/** Which nodes to list. All that is given must fit, exactly. */
export class NodesQueryDto extends PageQueryDto {
  /** @example 'gpu-node-01' */
  @IsOptional()
  @IsText()
  name?: string;

  /** @example 'Ready' */
  @IsOptional()
  @IsText()
  status?: string;

  /** `removed`: no source vouches for it any more. */
  @IsOptional()
  @IsIn(STATES)
  @ApiProperty({ enum: STATES, required: false, default: 'present' })
  state: 'present' | 'removed' | 'all' = 'present';
}

/** The node that a path names. */
export class NodeParamDto {
  /** @example 'gpu-node-01' */
  @IsText()
  name!: string;
}

/** The pod that holds a device. */
export class HolderPodDto {
  /** @example 'pod-1' */
  uid!: string;
  /**
   * Null when only the UID is known.
   * @example 'worker-0'
   */
  name!: string | null;
  /** @example 'ml' */
  namespace!: string | null;
}

/** Who holds or held a device, as one source tells it. */
export class DeviceHolderDto extends HoldingDto {
  /** Null when a container outside Kubernetes holds it. */
  pod!: HolderPodDto | null;
  /** Of the pod, nearest first. */
  workloads!: PodWorkloadDto[];
}

/** A device of a node. */
export class NodeDeviceDto {
  @ApiProperty({ enum: ['gpu', 'infiniband', 'rdma', 'asic'], example: 'gpu' })
  kind!: DeviceKind;
  /**
   * Number of a GPU, name of other devices: what exporters label series with.
   * @example '0'
   */
  key!: string;
  /** @example 'card0' */
  name!: string | null;
  /** @example 'GPU-1' */
  uuid!: string | null;
  /** @example '692251001124' */
  serial!: string | null;
  /** Several when pods share it or sources tell of it differently; of an idle device, who held it last. */
  holders!: DeviceHolderDto[];
}

/** A node with the devices that are held on it. */
export class NodeDto {
  /** @example 'gpu-node-01' */
  name!: string;
  /**
   * By which exporters may name the node.
   * @example ['10.0.0.1']
   */
  addresses!: string[];
  /** @example 'Ready' */
  status!: string | null;
  /** Null while it is there. */
  removed_at!: string | null;
  /**
   * Pods that have not ended.
   * @example 12
   */
  pods!: number;
  /** Held now. */
  devices!: NodeDeviceDto[];
  /**
   * Who vouches for it.
   * @example ['kubernetes']
   */
  sources!: string[];
}

/** Everything that is known of a node. */
export class NodeDetailDto extends NodeDto {
  /** Devices that nobody holds now, as far as somebody is remembered to have held them. */
  idle_devices!: NodeDeviceDto[];
}

/** A stretch of the list of nodes, ordered by name. */
export class NodePageDto {
  items!: NodeDto[];
  /** Where to go on; null at the end of the list. */
  next_cursor!: string | null;
}
