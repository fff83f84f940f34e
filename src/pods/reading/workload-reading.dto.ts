import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import type { DeviceKind } from '../core/inventory-rows.js';
import { IsFlag, IsText, PageQueryDto } from './page-query.dto.js';
import { PodPageDto } from './pod-reading.dto.js';

const STATES = ['running', 'ended', 'all'] as const;

/** Which workloads to list. All that is given must fit, exactly. */
export class WorkloadsQueryDto extends PageQueryDto {
  /**
   * Empty for workloads without a namespace.
   * @example 'ml'
   */
  @IsOptional()
  @IsText()
  namespace?: string;

  /**
   * Pods that are their own workloads are only listed when `Pod` is asked for.
   * @example 'PyTorchJob'
   */
  @IsOptional()
  @IsText()
  kind?: string;

  /**
   * Empty for the core group.
   * @example 'kubeflow.org'
   */
  @IsOptional()
  @IsText()
  api_group?: string;

  /** @example 'llama3-70b' */
  @IsOptional()
  @IsText()
  name?: string;

  /**
   * Only workloads that belong to this one directly.
   * @example 'wl-1'
   */
  @IsOptional()
  @IsText()
  owner_uid?: string;

  /** `true`: only those above which no workload is known. `false`: only the others. */
  @IsOptional()
  @IsFlag()
  root?: boolean;

  /**
   * Only workloads with pods on this node; of a running workload those count that have not ended.
   * @example 'gpu-node-01'
   */
  @IsOptional()
  @IsText()
  node?: string;

  /** `ended`: no source vouches for it any more. */
  @IsOptional()
  @IsIn(STATES)
  @ApiProperty({ enum: STATES, required: false, default: 'running' })
  state: 'running' | 'ended' | 'all' = 'running';
}

/** How many pods. */
export class PodCountsDto {
  /** @example 64 */
  total!: number;
  @ApiProperty({ type: 'object', additionalProperties: { type: 'integer' }, example: { Running: 63, Pending: 1 } })
  by_phase!: Record<string, number>;
}

/** A workload without its pods. */
export class WorkloadNameDto {
  /** @example 'wl-1' */
  uid!: string;
  /** @example 'llama3-70b' */
  name!: string;
  /**
   * Empty for workloads without a namespace.
   * @example 'ml'
   */
  namespace!: string;
  /**
   * `Pod` for a pod that is its own workload.
   * @example 'PyTorchJob'
   */
  kind!: string;
  /**
   * Empty for the core group, null when unknown.
   * @example 'kubeflow.org'
   */
  api_group!: string | null;
  /**
   * As its source says it; the phase of a pod that is its own workload.
   * @example 'Running'
   */
  status!: string | null;
  /** The workload it belongs to itself; null for a root and when unknown. */
  owner_uid!: string | null;
  /** Null while it is there. */
  ended_at!: string | null;
  /**
   * Who vouches for it.
   * @example ['kubernetes']
   */
  sources!: string[];
}

/** A workload. */
export class WorkloadDto extends WorkloadNameDto {
  /**
   * When it was created, or else when the first of the pods counted started; null when neither is known.
   * @example '2026-11-01T08:00:00.000Z'
   */
  since!: string | null;
  /** Of a running workload the pods that have not ended, of an ended one all that are remembered. */
  pods!: PodCountsDto;
  /**
   * How many devices its pods hold now.
   * @example 512
   */
  devices!: number;
}

/** How many devices of a kind a workload holds on a node. */
export class WorkloadDevicesDto {
  /** @example 'gpu-node-01' */
  node_name!: string;
  @ApiProperty({ enum: ['gpu', 'infiniband', 'rdma', 'asic'], example: 'gpu' })
  kind!: DeviceKind;
  /** @example 8 */
  count!: number;
}

/** The first pods of a workload. */
export class WorkloadPodsPageDto extends PodPageDto {
  /**
   * The request for the pods after these; null when these are all.
   * @example '/v1/pods?workload_uid=wl-1&state=running&cursor=WyJwb2RzIiwibWwiLCJ3b3JrZXItOTkiLCJwb2QtOTkiXQ'
   */
  next!: string | null;
}

/** The workloads that belong to a workload directly. */
export class WorkloadChildrenDto {
  items!: WorkloadNameDto[];
  /**
   * The request for the ones after these; null when these are all.
   * @example null
   */
  next!: string | null;
}

/** Everything that is known of a workload. */
export class WorkloadDetailDto extends WorkloadDto {
  /** The workloads above it, from the nearest to the root. */
  owner_chain!: WorkloadNameDto[];
  /** The first workloads right below it, running and ended. */
  children!: WorkloadChildrenDto;
  /** The first pods: of a running workload those that have not ended, of an ended one all. */
  first_pods!: WorkloadPodsPageDto;
  /** By node and kind; the first 1,000. */
  devices_by_node!: WorkloadDevicesDto[];
}

/** A stretch of the list of workloads, ordered by namespace, name and UID. */
export class WorkloadPageDto {
  items!: WorkloadDto[];
  /** Where to go on; null at the end of the list. */
  next_cursor!: string | null;
}
