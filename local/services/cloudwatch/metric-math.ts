import { ServiceError } from '../operations.ts';

/** What an expression, or a part of it, comes to at one time. */
interface Value {
  /** NaN where a metric in it has none. */
  readonly point: number;
  /** Whether a metric is in it; without one it is a number, the same at all times. */
  readonly isSeries: boolean;
}

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

/** The tokens of a metric math expression; evaluating it once takes time in proportion to them. */
export const tokensOf = (expression: string): readonly string[] => expression.match(TOKEN) ?? [];

/**
 * Evaluates a metric math expression at one time: numbers, ids of metrics, arithmetic, and FILL with a number.
 *
 * @param pointOf the point of a metric by its id, NaN where it has none at that time
 * @throws {ServiceError} where it is none, or asks for what the local CloudWatch does not offer
 */
export function evaluateExpression(
  tokens: readonly string[],
  pointOf: (id: string) => number,
): Value {
  let position = 0;
  const take = (wanted: string, fits = (token: string) => token === wanted): string => {
    const token = tokens[position] ?? '';
    if (!fits(token)) {
      throw invalid(`${tokens.join(' ')}: expected ${wanted}, found ${token || 'the end'}`);
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
      left = combine(left, chain(rank + 1), operate);
    }
  };
  const operand = (): Value => {
    const token = take('a number, an id or FILL', (one) => /^[\w(-]/.test(one));
    if (token === '-') return combine({ point: 0, isSeries: false }, operand(), minus);
    if (/^\d/.test(token)) return { point: Number(token), isSeries: false };
    if (token === '(') {
      const inner = chain();
      take(')');
      return inner;
    }
    if (tokens[position] !== '(') return { point: pointOf(token), isSeries: true };
    if (token !== 'FILL') throw invalid(`${token} is not supported by the local CloudWatch`);
    take('(');
    const series = chain();
    take(',');
    const filler = chain();
    take(')');
    if (!series.isSeries || filler.isSeries || !Number.isFinite(filler.point)) {
      throw invalid('FILL: the local CloudWatch fills a metric with a number');
    }
    return Number.isNaN(series.point) ? { ...filler, isSeries: true } : series;
  };

  const value = chain();
  take('the end', (token) => token === '');
  return value;
}

/** A point that is missing on either side, or divided by zero, is missing. */
function combine(a: Value, b: Value, operate: Operator): Value {
  const isSeries = a.isSeries || b.isSeries;
  const point = operate(a.point, b.point);
  return { isSeries, point: isSeries && !Number.isFinite(point) ? Number.NaN : point };
}

const invalid = (message: string) => new ServiceError('ValidationError', `Expression: ${message}`);
