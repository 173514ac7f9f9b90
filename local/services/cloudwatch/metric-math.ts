import { ServiceError } from '../operations.ts';
import type { Spend } from './metrics.ts';

/** Values by time, epoch seconds. */
export type Series = ReadonlyMap<number, number>;

/** What an expression is evaluated in. */
export interface Scope {
  /** The series of a metric by its id. */
  metric(id: string): Series;
  /** Every time of the range at the query's period. */
  times(): readonly number[];
  spend: Spend;
}

type Value = number | Series;

/** An expression that is ready to be evaluated. */
export type Expression = (scope: Scope) => Value;

type Operator = (a: number, b: number) => number;

const TOKEN = /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\w+|\S/gu;
const minus: Operator = (a, b) => a - b;
const SUMS = new Map<string, Operator>([
  ['+', (a, b) => a + b],
  ['-', minus],
]);
const PRODUCTS = new Map<string, Operator>([
  ['*', (a, b) => a * b],
  ['/', (a, b) => a / b],
]);

/**
 * Reads a metric math expression: numbers, ids of metrics, arithmetic, and FILL with a number.
 *
 * @throws {ServiceError} where it is none, or asks for what the local CloudWatch does not offer
 */
export function parseExpression(text: string): Expression {
  const tokens = text.match(TOKEN) ?? [];
  let position = 0;
  const take = (wanted: string, fits = (token: string) => token === wanted): string => {
    const token = tokens[position] ?? '';
    if (!fits(token)) {
      throw invalid(`${JSON.stringify(text)}: expected ${wanted}, found ${token || 'the end'}`);
    }
    position += 1;
    return token;
  };
  const chain = (operators: ReadonlyMap<string, Operator>, operand: () => Expression) => {
    let left = operand();
    for (;;) {
      const operator = operators.get(tokens[position] ?? '');
      if (operator === undefined) return left;
      position += 1;
      left = combined(left, operand(), operator);
    }
  };
  const product = () => chain(PRODUCTS, operand);
  const sum = () => chain(SUMS, product);
  const operand = (): Expression => {
    const token = take('a number, an id or FILL', (one) => /^[\w(-]/.test(one));
    if (token === '-') return combined(() => 0, operand(), minus);
    if (token === '(') {
      const inner = sum();
      take(')');
      return inner;
    }
    if (/^\d/.test(token)) return () => Number(token);
    if (tokens[position] !== '(') return ({ metric }) => metric(token);
    if (token !== 'FILL') throw invalid(`${token} is not supported by the local CloudWatch`);
    take('(');
    const series = sum();
    take(',');
    const filler = sum();
    take(')');
    return (scope) => fill(series(scope), filler(scope), scope);
  };

  const expression = sum();
  take('the end', (token) => token === '');
  return expression;
}

/** A point that is missing on either side, or divided by zero, is missing. */
function combined(left: Expression, right: Expression, operate: Operator): Expression {
  return (scope) => {
    const [a, b] = [left(scope), right(scope)];
    if (typeof a === 'number' && typeof b === 'number') return operate(a, b);
    const result = new Map<number, number>();
    const series = typeof a === 'number' ? b : a;
    if (typeof series === 'number') return result;
    scope.spend(series.size);
    for (const time of series.keys()) {
      const point = operate(at(a, time), at(b, time));
      if (Number.isFinite(point)) result.set(time, point);
    }
    return result;
  };
}

function at(value: Value, time: number): number {
  return typeof value === 'number' ? value : (value.get(time) ?? Number.NaN);
}

function fill(series: Value, filler: Value, { times, spend }: Scope): Series {
  if (typeof series === 'number' || typeof filler !== 'number' || !Number.isFinite(filler)) {
    throw invalid('FILL: the local CloudWatch fills a metric with a number');
  }
  const filled = new Map<number, number>();
  const all = times();
  spend(all.length);
  for (const time of all) filled.set(time, series.get(time) ?? filler);
  return filled;
}

function invalid(message: string): ServiceError {
  return new ServiceError('ValidationError', `Expression: ${message}`);
}
