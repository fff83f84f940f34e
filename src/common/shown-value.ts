const MAX_LENGTH = 200;

/** A value of a request as an answer shows it: long texts are cut, lists and objects only named. */
export function shownValue(value: unknown): unknown {
  if (typeof value === 'string') return value.length > MAX_LENGTH ? `${cut(value)}…` : value;
  if (typeof value !== 'object' || value === null) return value;
  return Array.isArray(value) ? `a list of ${value.length}` : 'an object';
}

/** The beginning of a text, never half of a surrogate pair. */
function cut(text: string): string {
  return text.slice(0, MAX_LENGTH).replace(/[\ud800-\udbff]$/, '');
}
