import { ServiceError } from '../operations.ts';
import type { Spend } from './metrics.ts';

/** Values by time, epoch seconds. */
export type Series = ReadonlyMap<number, number>;

/** What an expression is evaluated in. */
export interface Scope {
  /** The series of a metric by its id. */
  metric(id: string): Series;
  /** Every time of the range at the query's period, which are spent. */
  times(): readonly number[];
  spend: Spend;
}

type Value = number | Series;
type Operator = (a: number, b: number) => number;

const TOKEN = /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\w+|\S/gu;
const minus: Operator = (a, b) => a - b;
/** Those that bind more come later. */
const OPERATORS: readonly ReadonlyMap<string, Operator>[] = [
  new Map([
    ['+', (a, b) => a + b],
    ['-', minus],
  ]),
  new Map([
    ['*', (a, b) => a * b],
    ['/', (a, b) => a / b],
  ]),
];

/**
 * Evaluates a metric math expression: numbers, ids of metrics, arithmetic, and FILL with a number.
 *
 * @throws {ServiceError} where it is none, or asks for what the local CloudWatch does not offer
 */
export function evaluateExpression(text: string, { metric, times, spend }: Scope): Value {
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
  const chain = (rank = 0): Value => {
    const operators = OPERATORS[rank];
    if (operators === undefined) return operand();
    let left = chain(rank + 1);
    for (;;) {
      const operate = operators.get(tokens[position] ?? '');
      if (operate === undefined) return left;
      position += 1;
      left = combine(left, chain(rank + 1), operate, spend);
    }
  };
  const operand = (): Value => {
    const token = take('a number, an id or FILL', (one) => /^[\w(-]/.test(one));
    if (token === '-') return combine(0, operand(), minus, spend);
    if (/^\d/.test(token)) return Number(token);
    if (token === '(') {
      const inner = chain();
      take(')');
      return inner;
    }
    if (tokens[position] !== '(') return metric(token);
    if (token !== 'FILL') throw invalid(`${token} is not supported by the local CloudWatch`);
    take('(');
    const series = chain();
    take(',');
    const filler = chain();
    take(')');
    return fill(series, filler, times());
  };

  const value = chain();
  take('the end', (token) => token === '');
  return value;
}

/** A point that is missing on either side, or divided by zero, is missing. */
function combine(a: Value, b: Value, operate: Operator, spend: Spend): Value {
  if (typeof a === 'number' && typeof b === 'number') return operate(a, b);
  const at = (value: Value, time: number) =>
    typeof value === 'number' ? value : (value.get(time) ?? Number.NaN);
  const times = typeof a === 'number' ? (b as Series) : a;
  const result = new Map<number, number>();
  spend(times.size);
  for (const time of times.keys()) {
    const point = operate(at(a, time), at(b, time));
    if (Number.isFinite(point)) result.set(time, point);
  }
  return result;
}

function fill(series: Value, filler: Value, times: readonly number[]): Series {
  if (typeof series === 'number' || typeof filler !== 'number' || !Number.isFinite(filler)) {
    throw invalid('FILL: the local CloudWatch fills a metric with a number');
  }
  const filled = new Map<number, number>();
  for (const time of times) filled.set(time, series.get(time) ?? filler);
  return filled;
}

function invalid(message: string): ServiceError {
  return new ServiceError('ValidationError', `Expression: ${message}`);
}
