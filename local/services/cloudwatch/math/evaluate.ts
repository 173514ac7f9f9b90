import { ServiceError } from '../../service-error.ts';
import type { Expression } from './parse.ts';

/** Values by time, epoch seconds. */
export type Series = Map<number, number>;
/** What an expression comes to. */
export type Value = number | Series | Series[];

/** What an expression is evaluated in. */
export interface Scope {
  lookup(id: string): Value;
  /** Every metric of the request, for METRICS(). */
  metrics(): Series[];
  periodOf(id: string): number;
  /** Every time of the range at the request's period. */
  times: readonly number[];
}

const OPERATORS: Record<string, (a: number, b: number) => number> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '^': (a, b) => a ** b,
  '<': (a, b) => Number(a < b),
  '<=': (a, b) => Number(a <= b),
  '>': (a, b) => Number(a > b),
  '>=': (a, b) => Number(a >= b),
  '==': (a, b) => Number(a === b),
  '!=': (a, b) => Number(a !== b),
  '&&': (a, b) => Number(a !== 0 && b !== 0),
  AND: (a, b) => Number(a !== 0 && b !== 0),
  '||': (a, b) => Number(a !== 0 || b !== 0),
  OR: (a, b) => Number(a !== 0 || b !== 0),
};
const AGGREGATES: Record<string, (values: readonly number[]) => number> = {
  SUM: (values) => values.reduce((sum, value) => sum + value, 0),
  AVG: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  MIN: (values) => Math.min(...values),
  MAX: (values) => Math.max(...values),
};
const ROUNDINGS: Record<string, (value: number) => number> = {
  ABS: Math.abs,
  CEIL: Math.ceil,
  FLOOR: Math.floor,
};

/** Evaluates a metric math expression; a point that is missing on either side, or divided by zero, is missing. */
export function evaluate(expression: Expression, scope: Scope): Value {
  switch (expression.kind) {
    case 'number':
      return expression.value;
    case 'name':
      return scope.lookup(expression.name);
    case 'list':
      return expression.items.flatMap((item) => asArray(evaluate(item, scope), scope));
    case 'unary':
      return map(evaluate(expression.operand, scope), (value) => -value);
    case 'binary': {
      const operator = OPERATORS[expression.operator];
      if (operator === undefined) throw unknown(expression.operator);
      const left = evaluate(expression.left, scope);
      return combine(left, evaluate(expression.right, scope), operator);
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
  const rounding = ROUNDINGS[name];
  if (rounding !== undefined) return map(value(0), rounding);
  const aggregate = AGGREGATES[name];
  if (aggregate !== undefined) return aggregated(value(0), aggregate);
  switch (name) {
    case 'METRICS':
      return scope.metrics();
    case 'IF':
      return choose(value(0), value(1), args.length > 2 ? value(2) : undefined, scope);
    case 'FILL':
      return fill(value(0), args[1], scope);
    case 'PERIOD':
      return scope.periodOf(args[0]?.kind === 'name' ? args[0].name : '');
    case 'RUNNING_SUM':
      return runningSum(value(0));
    default:
      throw unknown(name);
  }
}

function aggregated(value: Value, aggregate: (values: readonly number[]) => number): Value {
  if (typeof value === 'number') return value;
  if (!Array.isArray(value)) return aggregate([...value.values()]);
  const times = new Set(value.flatMap((series) => [...series.keys()]));
  return new Map(
    [...times]
      .sort((a, b) => a - b)
      .map((time) => [time, aggregate(value.flatMap((series) => series.get(time) ?? []))]),
  );
}

function choose(condition: Value, yes: Value, no: Value | undefined, scope: Scope): Value {
  if (typeof condition === 'number') return condition !== 0 ? yes : (no ?? new Map());
  const result: Series = new Map();
  for (const [time, value] of single(condition)) {
    const chosen = pointOf(value !== 0 ? yes : no, time);
    if (chosen !== undefined) result.set(time, chosen);
  }
  return scope.times.length === 0 ? new Map() : result;
}

function fill(value: Value, filler: Expression | undefined, scope: Scope): Value {
  if (Array.isArray(value)) return value.map((series) => single(fill(series, filler, scope)));
  if (typeof value === 'number') return value;
  if (filler === undefined) throw invalid('FILL: argument 2 is required');
  const mode = filler.kind === 'name' ? filler.name.toUpperCase() : '';
  if (mode === 'LINEAR') return linear(value, scope.times);
  const fixed = mode === 'REPEAT' ? undefined : evaluate(filler, scope);
  let last: number | undefined;
  const result: Series = new Map();
  for (const time of scope.times) {
    const point = value.get(time) ?? (mode === 'REPEAT' ? last : pointOf(fixed, time));
    if (point !== undefined) result.set(time, point);
    last = point;
  }
  return result;
}

function linear(series: Series, times: readonly number[]): Series {
  const known = [...series.entries()].sort(([a], [b]) => a - b);
  const result: Series = new Map();
  for (const time of times) {
    const before = known.findLast(([at]) => at <= time);
    const after = known.find(([at]) => at >= time);
    if (before === undefined || after === undefined) continue;
    const share = after[0] === before[0] ? 0 : (time - before[0]) / (after[0] - before[0]);
    result.set(time, before[1] + (after[1] - before[1]) * share);
  }
  return result;
}

function runningSum(value: Value): Value {
  let sum = 0;
  return map(new Map([...single(value)].sort(([a], [b]) => a - b)), (point) => {
    sum += point;
    return sum;
  });
}

function combine(a: Value, b: Value, operator: (a: number, b: number) => number): Value {
  if (typeof a === 'number' && typeof b === 'number') return operator(a, b);
  if (Array.isArray(a)) {
    return a.map((series, index) =>
      single(combine(series, Array.isArray(b) ? (b[index] ?? new Map()) : b, operator)),
    );
  }
  if (Array.isArray(b)) return b.map((series) => single(combine(a, series, operator)));
  const times = typeof a === 'number' ? single(b).keys() : a.keys();
  const result: Series = new Map();
  for (const time of times) {
    const left = pointOf(a, time);
    const right = pointOf(b, time);
    if (left === undefined || right === undefined) continue;
    const point = operator(left, right);
    if (Number.isFinite(point)) result.set(time, point);
  }
  return result;
}

function map(value: Value, change: (value: number) => number): Value {
  if (typeof value === 'number') return change(value);
  if (Array.isArray(value)) return value.map((series) => single(map(series, change)));
  return new Map([...value].map(([time, point]) => [time, change(point)]));
}

function asArray(value: Value, scope: Scope): Series[] {
  if (Array.isArray(value)) return value;
  return [typeof value === 'number' ? constant(value, scope.times) : value];
}

/** A number as a series that has it at every time. */
export function constant(value: number, times: readonly number[]): Series {
  return new Map(times.map((time) => [time, value]));
}

function pointOf(value: Value | undefined, time: number): number | undefined {
  return typeof value === 'number'
    ? value
    : value === undefined
      ? undefined
      : single(value).get(time);
}

function single(value: Value): Series {
  if (value instanceof Map) return value;
  throw invalid('a time series is required where a number or a list of series stands');
}

function unknown(name: string): ServiceError {
  return invalid(`${name} is not supported by the local CloudWatch`);
}

function invalid(message: string): ServiceError {
  return new ServiceError('ValidationError', `Expression: ${message}`);
}
