import { ServiceError } from '../operations.ts';

/** Values by time, epoch seconds. */
export type Series = Map<number, number>;
/** What an expression comes to. */
export type Value = number | Series | Series[];

/** What an expression is evaluated in. */
export interface Scope {
  lookup(id: string): Value;
  /** Every metric of the request, for METRICS(). */
  metrics(): Series[];
  /** Every time of the range at the query's period. */
  times(): readonly number[];
  /** Told how many points are being worked on; throws where a request has used up what it may. */
  spend(points: number): void;
}

/** A metric math expression as a tree. */
export type Expression =
  | { kind: 'number'; value: number }
  | { kind: 'name'; name: string }
  | { kind: 'list'; items: Expression[] }
  | { kind: 'call'; name: string; arguments: Expression[] }
  | { kind: 'binary'; operator: string; left: Expression; right: Expression };

const TOKEN =
  /\s*(?:(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|([A-Za-z_][A-Za-z0-9_]*)|([<>=!]=|[-+*/()[\],<>]))/y;
const LEVELS = [
  ['<', '<=', '>', '>=', '==', '!='],
  ['+', '-'],
  ['*', '/'],
];
const OPERATORS = new Map<string, (a: number, b: number) => number>([
  ['+', (a, b) => a + b],
  ['-', (a, b) => a - b],
  ['*', (a, b) => a * b],
  ['/', (a, b) => a / b],
  ['<', (a, b) => Number(a < b)],
  ['<=', (a, b) => Number(a <= b)],
  ['>', (a, b) => Number(a > b)],
  ['>=', (a, b) => Number(a >= b)],
  ['==', (a, b) => Number(a === b)],
  ['!=', (a, b) => Number(a !== b)],
]);
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const AGGREGATES = new Map<string, (values: readonly number[]) => number>([
  ['SUM', sum],
  ['AVG', (values) => sum(values) / values.length],
  ['MIN', (values) => values.reduce((least, value) => Math.min(least, value), Infinity)],
  ['MAX', (values) => values.reduce((most, value) => Math.max(most, value), -Infinity)],
]);

/** Reads a metric math expression: numbers, ids, lists, calls, arithmetic and comparisons. */
export function parseExpression(text: string): Expression {
  const tokens = tokenize(text);
  let position = 0;
  const peek = () => tokens[position];
  const take = (wanted?: string) => {
    const token = tokens[position];
    if (token === undefined || (wanted !== undefined && token !== wanted)) {
      throw invalid(
        `${JSON.stringify(text)}: expected ${wanted ?? 'more'}, found ${token ?? 'the end'}`,
      );
    }
    position += 1;
    return token;
  };
  const binary = (level: number): Expression => {
    const operators = LEVELS[level];
    if (operators === undefined) return unary();
    let left = binary(level + 1);
    for (let next = peek(); next !== undefined && operators.includes(next); next = peek()) {
      const operator = take();
      left = { kind: 'binary', operator, left, right: binary(level + 1) };
    }
    return left;
  };
  const unary = (): Expression => {
    if (peek() !== '-') return primary();
    take();
    return { kind: 'binary', operator: '-', left: { kind: 'number', value: 0 }, right: unary() };
  };
  const list = (end: string): Expression[] => {
    const items: Expression[] = [];
    while (peek() !== end) {
      if (items.length > 0) take(',');
      items.push(binary(0));
    }
    take(end);
    return items;
  };
  const primary = (): Expression => {
    const token = take();
    if (token === '(') {
      const inner = binary(0);
      take(')');
      return inner;
    }
    if (token === '[') return { kind: 'list', items: list(']') };
    if (/^\d/.test(token)) return { kind: 'number', value: Number(token) };
    if (!/^[A-Za-z_]/.test(token)) throw invalid(`${JSON.stringify(text)}: unexpected ${token}`);
    if (peek() !== '(') return { kind: 'name', name: token };
    take();
    return { kind: 'call', name: token.toUpperCase(), arguments: list(')') };
  };

  const tree = binary(0);
  if (position < tokens.length) throw invalid(`${JSON.stringify(text)}: unexpected ${peek()}`);
  return tree;
}

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  const trimmed = text.trimEnd();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < trimmed.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(trimmed);
    if (match === null)
      throw invalid(`${JSON.stringify(text)}: unexpected ${trimmed.slice(at).trim()}`);
    tokens.push(match[1] ?? match[2] ?? match[3] ?? '');
  }
  return tokens;
}

/** Evaluates a metric math expression; a point that is missing on either side, or divided by zero, is missing. */
export function evaluate(expression: Expression, scope: Scope): Value {
  switch (expression.kind) {
    case 'number':
      return expression.value;
    case 'name':
      return scope.lookup(expression.name);
    case 'list':
      return expression.items.flatMap((item) => asArray(evaluate(item, scope), scope));
    case 'binary': {
      const operator = OPERATORS.get(expression.operator);
      if (operator === undefined) throw invalid(`unknown operator ${expression.operator}`);
      const left = evaluate(expression.left, scope);
      return combine(left, evaluate(expression.right, scope), operator, scope);
    }
    case 'call':
      return call(expression.name, expression.arguments, scope);
  }
}

function call(name: string, args: readonly Expression[], scope: Scope): Value {
  const value = (index: number): Value => {
    const argument = args[index];
    if (argument === undefined) throw invalid(`${name}: argument ${index + 1} is required`);
    return evaluate(argument, scope);
  };
  const aggregate = AGGREGATES.get(name);
  if (aggregate !== undefined) return aggregated(value(0), aggregate, scope);
  switch (name) {
    case 'METRICS':
      return scope.metrics();
    case 'IF':
      return choose(value(0), value(1), args.length > 2 ? value(2) : undefined, scope);
    case 'FILL':
      return fill(value(0), args[1], scope);
    case 'RATE':
      return rate(single(value(0)), scope);
    default:
      throw invalid(`${name} is not supported by the local CloudWatch`);
  }
}

function aggregated(
  value: Value,
  aggregate: (values: readonly number[]) => number,
  scope: Scope,
): Value {
  if (typeof value === 'number') return value;
  if (!Array.isArray(value)) return aggregate([...value.values()]);
  const byTime = new Map<number, number[]>();
  for (const series of value) {
    scope.spend(series.size);
    for (const [time, point] of series) {
      const points = byTime.get(time);
      if (points === undefined) byTime.set(time, [point]);
      else points.push(point);
    }
  }
  return new Map([...byTime].map(([time, points]) => [time, aggregate(points)]));
}

function choose(condition: Value, yes: Value, no: Value | undefined, scope: Scope): Value {
  if (typeof condition === 'number') return condition !== 0 ? yes : (no ?? new Map());
  const result: Series = new Map();
  scope.spend(single(condition).size);
  for (const [time, value] of single(condition)) {
    const chosen = pointOf(value !== 0 ? yes : no, time);
    if (chosen !== undefined) result.set(time, chosen);
  }
  return result;
}

function fill(value: Value, filler: Expression | undefined, scope: Scope): Value {
  if (Array.isArray(value)) return value.map((series) => single(fill(series, filler, scope)));
  if (typeof value === 'number') return value;
  if (filler === undefined) throw invalid('FILL: argument 2 is required');
  const repeats = filler.kind === 'name' && filler.name.toUpperCase() === 'REPEAT';
  const fixed = repeats ? undefined : evaluate(filler, scope);
  const times = scope.times();
  scope.spend(times.length);
  let last: number | undefined;
  const result: Series = new Map();
  for (const time of times) {
    const point = value.get(time) ?? (repeats ? last : pointOf(fixed, time));
    if (point !== undefined) result.set(time, point);
    last = point;
  }
  return result;
}

/** Change a second between neighbours. */
function rate(series: Series, scope: Scope): Series {
  scope.spend(series.size);
  const points = [...series].sort(([a], [b]) => a - b);
  return new Map(
    points.slice(1).map(([time, value], index) => {
      const [before, was] = points[index] ?? [time, value];
      return [time, (value - was) / (time - before)];
    }),
  );
}

function combine(
  a: Value,
  b: Value,
  operator: (a: number, b: number) => number,
  scope: Scope,
): Value {
  if (typeof a === 'number' && typeof b === 'number') return operator(a, b);
  if (Array.isArray(a)) {
    return a.map((series, index) =>
      single(combine(series, Array.isArray(b) ? (b[index] ?? new Map()) : b, operator, scope)),
    );
  }
  if (Array.isArray(b)) return b.map((series) => single(combine(a, series, operator, scope)));
  const series = typeof a === 'number' ? single(b) : a;
  scope.spend(series.size);
  const result: Series = new Map();
  for (const time of series.keys()) {
    const left = pointOf(a, time);
    const right = pointOf(b, time);
    if (left === undefined || right === undefined) continue;
    const point = operator(left, right);
    if (Number.isFinite(point)) result.set(time, point);
  }
  return result;
}

function asArray(value: Value, scope: Scope): Series[] {
  if (Array.isArray(value)) return value;
  return [typeof value === 'number' ? constant(value, scope) : value];
}

/** A number as a series that has it at every time. */
export function constant(value: number, scope: Scope): Series {
  const times = scope.times();
  scope.spend(times.length);
  return new Map(times.map((time) => [time, value]));
}

function pointOf(value: Value | undefined, time: number): number | undefined {
  if (value === undefined || typeof value === 'number') return value;
  return single(value).get(time);
}

function single(value: Value): Series {
  if (value instanceof Map) return value;
  throw invalid('a time series is required where a number or a list of series stands');
}

function invalid(message: string): ServiceError {
  return new ServiceError('ValidationError', `Expression: ${message}`);
}
