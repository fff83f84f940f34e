/**
 * Bits of the stale marker, the NaN that says a series has ended. Only its bits tell it from other NaNs.
 * (Prometheus, model/value; Remote Write 1.0, stale markers)
 */
export const STALE_NAN_HIGH = 0x7ff00000;
export const STALE_NAN_LOW = 0x00000002;

const MAX_UINT32 = 4_294_967_295;
const DCGM_INT32_BLANKS = [0x7ffffff0, 0x7fffffff] as const;
/** DCGM_INT64_BLANK and neighbours, 0x7ffffffffffffff0 and up: as doubles all are 2^63. */
const DCGM_INT64_BLANK = 2 ** 63;
/** DCGM_FP64_BLANK … DCGM_FP64_NOT_PERMISSIONED. */
const DCGM_FP64_BLANKS = [2 ** 47, 2 ** 47 + 3] as const;
const MAX_UINT64 = 2 ** 64;

/**
 * Whether a GPU exporter's value means “no value”: DCGM's blanks (dcgm_structs.h) and the all-ones integers that AMD's
 * exporter shows for unsupported fields.
 */
export function isSentinel(value: number): boolean {
  return (
    value === MAX_UINT32 ||
    value === DCGM_INT64_BLANK ||
    value === MAX_UINT64 ||
    (value >= DCGM_INT32_BLANKS[0] && value <= DCGM_INT32_BLANKS[1]) ||
    (value >= DCGM_FP64_BLANKS[0] && value <= DCGM_FP64_BLANKS[1])
  );
}
