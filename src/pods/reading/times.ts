/** A time column as ISO 8601 text in UTC with ms, as `Date.prototype.toISOString` writes it; named as the column unless told. */
export function iso(expression: string, name = expression.replace(/^\w+\./, '')): string {
  return `to_char(${expression} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS ${name}`;
}
