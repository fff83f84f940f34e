import { METRIC_NAME } from './label-set.js';
import { compileMatcher, InvalidMatcher, type Matcher, type MatchOperator } from './matcher.js';

const BARE_NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL_NAME = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const OPERATOR = /=~|!~|!=|=/y;
const SPACE = /\s*/y;

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
    if (quote !== '"' && quote !== "'") throw this.error('a quoted string');
    let value = '';
    for (this.pos++; this.pos < this.text.length; this.pos++) {
      const character = this.text[this.pos] ?? '';
      if (character === quote) {
        this.pos++;
        return value;
      }
      value += character === '\\' ? unescape(this.text[++this.pos] ?? '') : character;
    }
    throw this.error('a closing quote');
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
      `expected ${expected} at position ${this.pos} of ${JSON.stringify(this.text.slice(0, 200))}`,
    );
  }
}

function unescape(character: string): string {
  return { n: '\n', t: '\t', r: '\r' }[character] ?? character;
}
