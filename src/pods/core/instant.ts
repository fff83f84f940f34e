/** PostgreSQL and ISO 8601 both end being readable after the year 9999. */
const LATEST = 253_402_300_799_999;
const ISO = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?)?$/i;
const DECIMAL = /^\d{1,20}(?:\.\d+)?$/;

/**
 * Reads a moment as agents write it into ms since the epoch: ISO 8601 (UTC when it names no zone), or a number or numeric
 * string in seconds, ms, µs or ns, told apart by size. Null for what means “none” (absent, empty, 0, Go's zero time);
 * undefined for what is no moment.
 */
export function readInstant(value: unknown): number | null | undefined {
  if (value === undefined || value === null || value === '' || value === 0 || value === '0') return null;
  if (typeof value === 'number') return Number.isFinite(value) && value > 0 ? inRange(fromEpoch(value)) : undefined;
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (DECIMAL.test(text)) return text.includes('.') ? inRange(fromEpoch(Number(text))) : inRange(fromInteger(text));
  return fromIso(text);
}

function fromIso(text: string): number | null | undefined {
  const match = ISO.exec(text);
  if (match === null) return undefined;
  if (text.startsWith('0001-01-01')) return null;
  const dated = text.length === 10 || match[1] !== undefined ? text : `${text}Z`;
  const ms = Date.parse(dated.replace(',', '.').replace(' ', 'T'));
  return Number.isNaN(ms) || ms <= 0 ? undefined : inRange(ms);
}

/** Nanoseconds do not fit a double: whole numbers are divided as integers. */
function fromInteger(text: string): number {
  const digits = BigInt(text);
  if (digits >= 100_000_000_000_000_000n) return Number(digits / 1_000_000n);
  if (digits >= 100_000_000_000_000n) return Number(digits / 1_000n);
  return fromEpoch(Number(digits));
}

/** 1e11 s is the year 5138 and 1e11 ms is 1973, so the magnitude tells the unit. */
function fromEpoch(value: number): number {
  if (value >= 1e17) return Math.floor(value / 1e6);
  if (value >= 1e14) return Math.floor(value / 1e3);
  return Math.floor(value >= 1e11 ? value : value * 1e3);
}

function inRange(ms: number): number | undefined {
  return ms <= LATEST ? ms : undefined;
}
