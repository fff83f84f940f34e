import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsBoolean, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import { InvalidRequest } from '../../common/domain-error.js';
import { decodeCursor, type CursorOf, type ListKey } from './page-cursor.js';

/** Most characters of a text in a query: UIDs made from kind, group, namespace and name are the longest. */
const MAX_TEXT = 1_100;
/** A cursor holds three texts of any characters. */
const MAX_CURSOR = 20_000;

/** A text that PostgreSQL can compare: given once, not too long, without U+0000. */
export function IsText(): PropertyDecorator {
  return applyDecorators(
    IsString(),
    MaxLength(MAX_TEXT),
    // eslint-disable-next-line no-control-regex -- the one character that PostgreSQL cannot hold
    Matches(/^[^\u0000]*$/, { message: '$property must not contain U+0000' }),
  );
}

/** `true` or `false`. */
export function IsFlag(): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value)),
    IsBoolean(),
  );
}

/** A stretch of a list. */
export class PageQueryDto {
  /** Most items to answer. */
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' && /^\d+$/.test(value) ? +value : value))
  @IsInt()
  @Min(1)
  @Max(1_000)
  @ApiProperty({ type: 'integer', required: false, default: 100 })
  limit: number = 100;

  /** `next_cursor` of the answer before, to go on from there. */
  @IsOptional()
  @IsString()
  @MaxLength(MAX_CURSOR)
  cursor?: string;
}

/** The thing that a path names. */
export class UidParamDto {
  /** @example 'pod-1' */
  @IsText()
  uid!: string;
}

/** The place that a cursor tells; undefined without one. Throws {@link InvalidRequest} for what is no cursor of the list. */
export function placeOf(list: CursorOf, { cursor }: PageQueryDto): ListKey | undefined {
  if (cursor === undefined) return undefined;
  const key = decodeCursor(list, cursor);
  if (key !== undefined) return key;
  const value = cursor.slice(0, 200);
  const problem = { field: 'cursor', message: 'must be the next_cursor of an earlier answer of this list', value };
  throw new InvalidRequest('The cursor is not one of this list.', { errors: [problem] });
}
