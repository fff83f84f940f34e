import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import type { DeviceKind } from '../core/inventory-rows.js';
import type { Source } from '../core/source.js';
import { IsText, PageQueryDto } from './page-query.dto.js';

const STATES = ['running', 'ended', 'all'] as const;
const KINDS = ['gpu', 'infiniband', 'rdma', 'asic'] as const;

/** Which pods to list. All that is given must fit, exactly. */
export class PodsQueryDto extends PageQueryDto {
  /** @example 'ml' */
  @IsOptional()
  @IsText()
  namespace?: string;

  /**
   * Name of the node.
   * @example 'gpu-node-01'
   */
  @IsOptional()
  @IsText()
  node?: string;

  /** @example 'Running' */
  @IsOptional()
  @IsText()
  phase?: string;

  /** @example 'worker-0' */
  @IsOptional()
  @IsText()
  name?: string;

  /**
   * Only pods of this workload, at any depth. The UID of a pod that is its own workload names that pod.
   * @example 'wl-1'
   */
  @IsOptional()
  @IsText()
  workload_uid?: string;

  /** Only pods that hold a device of this kind now. */
  @IsOptional()
  @IsIn(KINDS)
  @ApiProperty({ enum: KINDS, required: false })
  device_kind?: DeviceKind;

  /** `running` pods have not ended, whatever their phase. */
  @IsOptional()
  @IsIn(STATES)
  @ApiProperty({ enum: STATES, required: false, default: 'running' })
  state: 'running' | 'ended' | 'all' = 'running';
}

/** A workload that a pod belongs to. */
export class PodWorkloadDto {
  /** @example 'wl-1' */
  uid!: string;
  /** @example 'llama3-70b' */
  name!: string;
  /** @example 'ml' */
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
  /** Whether no workload above it is known. */
  root!: boolean;
  /**
   * 1 for the nearest, counting towards the root; 0 for a pod that is its own workload; null when unknown.
   * @example 1
   */
  depth!: number | null;
}

/** A workload in the chain of a pod's owners. */
export class PodOwnerDto extends PodWorkloadDto {
  /** The workload it belongs to itself; null for a root and when unknown. */
  owner_uid!: string | null;
  /** @example 'Running' */
  status!: string | null;
  /** @example '2026-11-01T08:00:00.000Z' */
  created_at!: string | null;
  /** Null while it is there. */
  ended_at!: string | null;
}

/** A span of time over which a device is or was held, as one source tells it. */
export class HoldingDto {
  /** Null when it is not known which container it is. */
  container_id!: string | null;
  /**
   * Null when unknown, which counts as always.
   * @example '2026-11-01T08:00:00.000Z'
   */
  since!: string | null;
  /** Null while it is held. */
  until!: string | null;
  /** When an exporter's labels last said so; null for other sources. */
  seen_at!: string | null;
  @ApiProperty({ enum: ['inventory', 'container_event', 'kubernetes', 'exporter'], example: 'kubernetes' })
  source!: Source | 'exporter';
}

/** A device over the time a pod holds or held it, as one source tells it. */
export class PodDeviceDto extends HoldingDto {
  @ApiProperty({ enum: KINDS, example: 'gpu' })
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
  /** @example 'gpu-node-01' */
  node_name!: string;
}

/** A pod with its workloads and devices. */
export class PodDto {
  /** @example 'pod-1' */
  uid!: string;
  /** @example 'worker-0' */
  name!: string;
  /** @example 'ml' */
  namespace!: string;
  /** @example 'gpu-node-01' */
  node_name!: string | null;
  /** @example 'Running' */
  phase!: string | null;
  /** @example '10.1.0.5' */
  pod_ip!: string | null;
  host_network!: boolean | null;
  /**
   * Null when unknown, which counts as always.
   * @example '2026-11-01T08:00:00.000Z'
   */
  started_at!: string | null;
  /** Null while it lives. */
  ended_at!: string | null;
  /** Nearest first. Empty while its owners are not known. */
  workloads!: PodWorkloadDto[];
  /** Held now; a device that several sources tell of is there for each. */
  devices!: PodDeviceDto[];
  /**
   * Who vouches for it.
   * @example ['kubernetes']
   */
  sources!: string[];
}

/** A container of a pod. */
export class PodContainerDto {
  /** @example '0f3c9a' */
  id!: string;
  /** @example 'main' */
  name!: string | null;
  /**
   * As the runtime says it.
   * @example 'start'
   */
  status!: string | null;
  @ApiProperty({ type: String, enum: ['created', 'running', 'exited', 'deleted'], nullable: true, example: 'running' })
  phase!: 'created' | 'running' | 'exited' | 'deleted' | null;
  /** @example 137 */
  exit_code!: number | null;
  oom_killed!: boolean;
  created_at!: string | null;
  /** @example '2026-11-01T08:00:00.000Z' */
  started_at!: string | null;
  exited_at!: string | null;
  last_event_at!: string | null;
}

/** Everything that is known of a pod. */
export class PodDetailDto extends PodDto {
  /** The latest devices that it held and holds no more, newest first. */
  released_devices!: PodDeviceDto[];
  /** Its workloads from the nearest to the root. */
  owner_chain!: PodOwnerDto[];
  /** The latest first. */
  containers!: PodContainerDto[];
}

/** A stretch of the list of pods, ordered by namespace, name and UID. */
export class PodPageDto {
  items!: PodDto[];
  /** Where to go on; null at the end of the list. */
  next_cursor!: string | null;
}
