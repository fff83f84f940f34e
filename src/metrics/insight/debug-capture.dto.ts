import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsInt, IsOptional, IsString, MaxLength, Min } from 'class-validator';
import { ExplanationDto } from './explanation.dto.js';

/** Which series to watch, for how long. */
export class DebugConfigDto {
  /** RE2 expression for the whole metric name. Default: every name. */
  @IsOptional()
  @IsString()
  @MaxLength(1_000)
  @ApiPropertyOptional({ example: 'gpu_.*' })
  metric_pattern?: string;

  /** Series selectors as in PromQL; a series must fit all of them. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(20)
  @IsString({ each: true })
  @MaxLength(1_000, { each: true })
  @ApiPropertyOptional({ example: ['{node="gpu-node-01"}'] })
  selectors?: string[];

  /** Decisions kept, the newest; at most METRICS_DEBUG_MAX_RECORDS, which is the default. */
  @IsOptional()
  @IsInt()
  @Min(1)
  max_records?: number;

  /** How long to watch, such as `5m`; at most METRICS_DEBUG_MAX_DURATION, which is the default. */
  @IsOptional()
  @IsString()
  @MaxLength(50)
  @ApiPropertyOptional({ example: '5m' })
  duration?: string;
}

/** The capture as it stands on the replica that answers. */
export class DebugStateDto {
  enabled!: boolean;
  metric_pattern!: string | null;
  selectors!: string[];
  max_records!: number;
  /** When the capture ends by itself, ISO 8601. */
  ends_at!: string | null;
  /** Decisions kept now. */
  records!: number;
  /** Decisions seen since the start, those that have left the ring included. */
  seen!: number;
}

/** One captured decision. */
export class DebugRecordDto {
  /** When it was made, ISO 8601. */
  at!: string;
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  labels!: Record<string, string>;
  /** Value of the sample; null for histograms and for values JSON cannot hold. */
  value!: number | null;
  decision!: ExplanationDto;
}
