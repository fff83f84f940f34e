import { IsNumber, IsObject, IsOptional } from 'class-validator';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { OUTCOMES, type Outcome } from '../core/outcome.js';

/** A series as a sender would write it, to be explained. */
export class ExplainRequestDto {
  /** Labels by name, among them `__name__`. */
  @IsObject()
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { __name__: 'gpu_utilization', node: 'gpu-node-01', gpu_id: '0' },
  })
  labels!: Record<string, string>;

  /** Time of the sample: milliseconds since the epoch, or ISO 8601. Default: now. */
  @IsOptional()
  @ApiPropertyOptional({
    oneOf: [{ type: 'integer' }, { type: 'string', format: 'date-time' }],
    example: '2026-01-01T12:00:00Z',
  })
  timestamp?: number | string;

  /** Value of the sample, when its value matters (below zero, sentinel). */
  @IsOptional()
  @IsNumber({ allowNaN: true, allowInfinity: true })
  @ApiPropertyOptional({ example: 97.5 })
  value?: number;
}

/** One rule that was tried. */
export class ExplanationStepDto {
  /** `node`, `exported_pod`, `device_uuid`, `device`, `pod_uid`, `pod` or `pod_name_only`. */
  @ApiProperty({ example: 'device' })
  rule!: string;
  /** What was looked up. */
  @ApiProperty({ example: 'gpu 0 of gpu-node-01' })
  tried!: string;
  /** What was found, or why nothing was. */
  @ApiProperty({ example: 'ml/worker-0' })
  result!: string;
}

/** A pod that the series belongs to. */
export class ExplainedPodDto {
  uid!: string;
  name!: string;
  namespace!: string;
  node_name!: string | null;
  workloads!: ExplainedWorkloadDto[];
}

/** A workload that the series belongs to. */
export class ExplainedWorkloadDto {
  uid!: string;
  name!: string;
  namespace!: string;
  kind!: string;
}

/** What becomes of a series, and why. */
export class ExplanationDto {
  @ApiProperty({ enum: OUTCOMES, example: 'emitted' })
  outcome!: Outcome;
  /** The rule that found the pods; null when none did. */
  rule!: string | null;
  /** In one sentence. */
  reason!: string;
  /** The sample's time, ISO 8601. */
  timestamp!: string;
  /** From and until when samples of this series meet the same fate, as far as the inventory tells now; null is open. */
  valid_from!: string | null;
  valid_to!: string | null;
  pods!: ExplainedPodDto[];
  /** Labels of the series that would be stored. */
  @ApiProperty({ type: 'array', items: { type: 'object', additionalProperties: { type: 'string' } } })
  series!: Record<string, string>[];
  /** The rules tried, in order. */
  steps!: ExplanationStepDto[];
}
