import { METRIC_NAME } from './label-set.js';
import { compileMatcher, InvalidMatcher, type Matcher, type MatchOperator } from './matcher.js';
import { shownValue } from './shown-value.js';

const BARE_NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL_NAME = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const OPERATOR = /=~|!~|!=|=/y;
const SPACE = /\s*/y;
/** A code point in hexadecimal, as Go writes it. */
const CODE = /x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U00(?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4}/y;

/** Escapes of one character in quoted strings. (PromQL, string literals) */
const ESCAPES: Readonly<Record<string, string | undefined>> = {
  '\\': '\\',
  '"': '"',
  "'": "'",
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/**
 * Reads a series selector such as `gpu_utilization{gpu_id="0",node=~"a|b"}` into matchers. Names with other characters are
 * written in quotes: `{"my.metric", "my.label"="x"}`. (Prometheus, querying basics)
 * @throws InvalidMatcher naming the place where reading stopped
 */
export function parseSelector(text: string): Matcher[] {
  return new SelectorParser(text).run();
}

class SelectorParser {
  private pos = 0;
  private readonly matchers: Matcher[] = [];

  constructor(private readonly text: string) {}

  run(): Matcher[] {
    this.take(SPACE);
    const name = this.take(BARE_NAME);
    if (name !== undefined) this.add(METRIC_NAME, '=', name);
    this.take(SPACE);
    if (this.text[this.pos] === '{') this.braces();
    this.take(SPACE);
    if (this.pos < this.text.length || this.matchers.length === 0)
      throw this.error('a metric name or {label="value", …}');
    return this.matchers;
  }

  private braces(): void {
    this.pos++;
    for (;;) {
      this.take(SPACE);
      if (this.accept('}')) return;
      this.condition();
      this.take(SPACE);
      if (!this.accept(',') && this.text[this.pos] !== '}') throw this.error('"," or "}"');
    }
  }

  private condition(): void {
    const quoted = this.text[this.pos] === '"';
    const name = quoted ? this.quoted() : this.take(LABEL_NAME);
    if (name === undefined) throw this.error('a label name');
    this.take(SPACE);
    const operator = this.take(OPERATOR) as MatchOperator | undefined;
    if (operator === undefined) {
      if (!quoted) throw this.error('one of = != =~ !~');
      this.add(METRIC_NAME, '=', name);
      return;
    }
    this.take(SPACE);
    this.add(name, operator, this.quoted());
  }

  private quoted(): string {
    const quote = this.text[this.pos];
    if (quote === '`') return this.raw();
    if (quote !== '"' && quote !== "'") throw this.error('a quoted string');
    let value = '';
    for (this.pos++; this.pos < this.text.length; this.pos++) {
      const character = this.text[this.pos] ?? '';
      if (character === quote) {
        this.pos++;
        return value;
      }
      value += character === '\\' ? this.escaped() : character;
    }
    throw this.error('a closing quote');
  }

  /** The character that an escape stands for; `pos` ends on its last one. An unknown escape is a mistake: `\d` is `\\d` in quotes. */
  private escaped(): string {
    this.pos++;
    const simple = ESCAPES[this.text[this.pos] ?? ''];
    if (simple !== undefined) return simple;
    const digits = this.take(CODE);
    if (digits === undefined) throw this.error('an escape of a Go string');
    this.pos--;
    return String.fromCodePoint(parseInt(digits.slice(1), 16));
  }

  private raw(): string {
    const end = this.text.indexOf('`', this.pos + 1);
    if (end < 0) throw this.error('a closing quote');
    const value = this.text.slice(this.pos + 1, end);
    this.pos = end + 1;
    return value;
  }

  private add(name: string, operator: MatchOperator, value: string): void {
    this.matchers.push(compileMatcher(name, operator, value));
  }

  private take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.pos;
    const match = pattern.exec(this.text)?.[0];
    this.pos += match?.length ?? 0;
    return match;
  }

  private accept(character: string): boolean {
    if (this.text[this.pos] !== character) return false;
    this.pos++;
    return true;
  }

  private error(expected: string): InvalidMatcher {
    return new InvalidMatcher(
      `expected ${expected} at position ${this.pos} of ${JSON.stringify(shownValue(this.text))}`,
    );
  }
}
