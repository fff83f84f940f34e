import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { OUTCOMES, type Outcome } from '../core/outcome.js';

const MAX_LIMIT = 10_000;

/** Which active metrics to list. */
export class ActiveMetricsQueryDto {
  /** Only names that contain this text. */
  @IsOptional()
  @IsString()
  @MaxLength(500)
  name?: string;

  /** Only names with samples of this outcome. */
  @IsOptional()
  @IsIn(OUTCOMES)
  @ApiProperty({ enum: OUTCOMES, required: false })
  outcome?: Outcome;

  /** Names skipped. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  offset: number = 0;

  /** Names listed at most. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_LIMIT)
  limit: number = 1_000;
}

/** One metric name seen lately. */
export class ActiveMetricDto {
  @ApiProperty({ example: 'gpu_utilization' })
  name!: string;
  /** Samples received in the window. */
  samples!: number;
  /** The same by what became of them. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'integer' }, example: { emitted: 480, no_device: 20 } })
  outcomes!: Partial<Record<Outcome, number>>;
}

/** Metric names received in the last minutes by this replica. */
export class ActiveMetricsDto {
  @ApiProperty({ example: 300 })
  window_seconds!: number;
  /** Names that fit the query. */
  total!: number;
  /** Ordered by name. */
  metrics!: ActiveMetricDto[];
}
