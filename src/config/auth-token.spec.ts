import { parseTokens } from './auth-token.js';

const SECRET = '0123456789abcdef';

function expectProblems(value: string, ...problems: string[]): void {
  expect(parseTokens(value).problems).toEqual(problems);
}

describe('parseTokens', () => {
  it('takes commas and newlines between entries', () => {
    const { tokens, problems } = parseTokens(`a:ingest:${SECRET}, b:viewer:${SECRET}\n\nc:editor:${SECRET}\r\n`);
    expect(problems).toEqual([]);
    expect(tokens.map(({ name, role }) => `${name}:${role}`)).toEqual(['a:ingest', 'b:viewer', 'c:editor']);
  });

  it('says what is wrong with each entry without repeating it', () => {
    expectProblems('just-a-secret-value', 'entry 1: not of the form name:role:secret');
    expectProblems(`a:viewer`, 'entry 1: not of the form name:role:secret');
    expectProblems(`a b:viewer:${SECRET}`, 'entry 1: the name must be 1 to 64 of the characters A-Z a-z 0-9 . _ -');
    expectProblems(`a:owner:${SECRET}`, 'entry 1: the role must be one of ingest, viewer, editor, admin');
    expectProblems(`a:viewer:${SECRET},b:viewer:short`, 'entry 2: the secret is shorter than 16 characters');
    expectProblems(`a:viewer:${SECRET},a:admin:${SECRET}`, 'the name a is used more than once');
  });
});
