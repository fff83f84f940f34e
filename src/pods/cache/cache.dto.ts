import { Transform } from 'class-transformer';
import { IsBoolean, IsOptional } from 'class-validator';

/** Options of the cache views. */
export class CacheQueryDto {
  /** Adds the cache's age, size and last refresh; the cache itself is then under `cache`. */
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsBoolean()
  stats?: boolean;
}

/** The refresh that brought the cache up to date. */
export class CacheRefreshDto {
  /** Whether it read what had changed or everything. */
  mode!: 'changes' | 'full';
  /** @example '2026-11-01T08:00:00.000Z' */
  at!: string;
  /** @example 12 */
  duration_ms!: number;
}

/** Entries of the caches; recently ended ones are among them. */
export class CacheSizesDto {
  /** @example 5000 */
  nodes!: number;
  /** @example 100000 */
  pods!: number;
  /** @example 1200 */
  workloads!: number;
  /** @example 40000 */
  bindings!: number;
}

/** How the cache is. */
export class CacheStatsDto {
  /** Null before the first refresh. */
  age_seconds!: number | null;
  /** Whether the inventory has been read yet. */
  synced!: boolean;
  last_refresh!: CacheRefreshDto | null;
  sizes!: CacheSizesDto;
  /** What is answered without `stats`. */
  cache!: Record<string, unknown>;
}
