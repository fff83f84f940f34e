import { RE2JS } from 're2js';
import { shownValue } from './shown-value.js';

/** How a matcher compares: equal, not equal, regular expression, not regular expression. (Prometheus, labels.MatchType) */
export type MatchOperator = '=' | '!=' | '=~' | '!~';

/** A condition on one label, compiled. An absent label has the empty value. */
export interface Matcher {
  readonly name: string;
  readonly operator: MatchOperator;
  readonly value: string;
  matches(value: string): boolean;
}

/** A matcher's regular expression is not RE2. */
export class InvalidMatcher extends Error {}

/**
 * Compiles a matcher. Regular expressions are RE2 and anchored at both ends, as in Prometheus.
 * @throws InvalidMatcher
 */
export function compileMatcher(name: string, operator: MatchOperator, value: string): Matcher {
  const test = compileTest(operator, value);
  return { name, operator, value, matches: test };
}

function compileTest(operator: MatchOperator, value: string): (text: string) => boolean {
  if (operator === '=') return (text) => text === value;
  if (operator === '!=') return (text) => text !== value;
  const expression = compileExpression(value);
  return operator === '=~' ? (text) => expression.matches(text) : (text) => !expression.matches(text);
}

function compileExpression(value: string): RE2JS {
  try {
    return RE2JS.compile(value, RE2JS.DOTALL);
  } catch (error) {
    throw new InvalidMatcher(
      `${JSON.stringify(shownValue(value))} is not a valid RE2 expression: ${error instanceof Error ? String(shownValue(error.message)) : ''}`,
      {
        cause: error,
      },
    );
  }
}

/** Whether all matchers accept the labels, given as a look-up by name. */
export function matchesAll(matchers: readonly Matcher[], valueOf: (name: string) => string | undefined): boolean {
  return matchers.every((matcher) => matcher.matches(valueOf(matcher.name) ?? ''));
}
