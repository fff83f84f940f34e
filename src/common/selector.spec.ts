import { InvalidMatcher } from './matcher.js';
import { parseSelector } from './selector.js';

it('selectors are read as in PromQL', () => {
  const f = (text: string, ...want: string[]) => {
    expect(parseSelector(text).map(({ name, operator, value }) => name + operator + value)).toEqual(want);
  };
  f('up', '__name__=up');
  f(' node:cpu:rate5m { } ', '__name__=node:cpu:rate5m');
  f('up{a="1",b!="2",c=~"3.*",d!~"4"}', '__name__=up', 'a=1', 'b!=2', 'c=~3.*', 'd!~4');
  f('{__name__=~"gpu_.*",}', '__name__=~gpu_.*');
  f(`{a = 'x"y' }`, 'a=x"y');
  f('{a="\\"\\\\\\n\\t\\x41\\u00e9\\U0001F600"}', 'a="\\\n\tA\u00e9\u{1F600}');
  f('{a=~`n\\d+`}', 'a=~n\\d+');
  f('{"my.metric","my.label"="x"}', '__name__=my.metric', 'my.label=x');
  f('{a=""}', 'a=');
});

it('what is no selector is refused with the place', () => {
  const f = (text: string, place: RegExp) => {
    expect(() => parseSelector(text)).toThrow(InvalidMatcher);
    expect(() => parseSelector(text)).toThrow(place);
  };
  f('', /metric name .* position 0/);
  f('{}', /position 2/);
  f('up{', /label name at position 3/);
  f('up}', /position 2/);
  f('up{a}', /one of = != =~ !~ at position 4/);
  f('up{a=1}', /quoted string at position 5/);
  f('up{a="1', /closing quote/);
  f('up{a=`1', /closing quote/);
  f('up{a="1" b="2"}', /"," or "}" at position 9/);
  f('up{,}', /label name/);
  f('{a=~"n\\d+"}', /escape of a Go string at position 7/);
  f('{a=~"("}', /RE2/);
  f('{a="\\', /escape/);
  f('1up', /position 0/);
  f('up[5m]', /position 2/);
});
