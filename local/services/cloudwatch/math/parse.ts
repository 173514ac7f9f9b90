import { ServiceError } from '../../service-error.ts';

/** A metric math expression as a tree. */
export type Expression =
  | { kind: 'number'; value: number }
  | { kind: 'name'; name: string }
  | { kind: 'list'; items: Expression[] }
  | { kind: 'call'; name: string; arguments: Expression[] }
  | { kind: 'unary'; operand: Expression }
  | { kind: 'binary'; operator: string; left: Expression; right: Expression };

const TOKEN =
  /\s*(?:(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|([A-Za-z_][A-Za-z0-9_]*)|(&&|\|\||[<>=!]=|[-+*/^()[\],<>]))/y;
const LEVELS = [
  ['||', 'OR'],
  ['&&', 'AND'],
  ['<', '<=', '>', '>=', '==', '!='],
  ['+', '-'],
  ['*', '/'],
];

/** Reads a metric math expression: numbers, ids, lists, calls, and the operators of CloudWatch. */
export function parseExpression(text: string): Expression {
  const tokens = tokenize(text);
  let position = 0;
  const peek = () => tokens[position];
  const take = (wanted?: string) => {
    const token = tokens[position];
    if (token === undefined || (wanted !== undefined && token !== wanted)) {
      throw invalid(text, `expected ${wanted ?? 'more'}, found ${token ?? 'the end'}`);
    }
    position += 1;
    return token;
  };

  const binary = (level: number): Expression => {
    const operators = LEVELS[level];
    if (operators === undefined) return power();
    let left = binary(level + 1);
    for (let next = peek(); next !== undefined && operators.includes(next); next = peek()) {
      const operator = take();
      left = { kind: 'binary', operator, left, right: binary(level + 1) };
    }
    return left;
  };
  const power = (): Expression => {
    const left = unary();
    if (peek() !== '^') return left;
    return { kind: 'binary', operator: take(), left, right: power() };
  };
  const unary = (): Expression => {
    if (peek() !== '-') return primary();
    take();
    return { kind: 'unary', operand: unary() };
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
    if (!/^[A-Za-z_]/.test(token)) throw invalid(text, `unexpected ${token}`);
    if (peek() !== '(') return { kind: 'name', name: token };
    take();
    return { kind: 'call', name: token.toUpperCase(), arguments: list(')') };
  };

  const tree = binary(0);
  if (position < tokens.length) throw invalid(text, `unexpected ${tokens[position]}`);
  return tree;
}

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  const trimmed = text.trimEnd();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < trimmed.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(trimmed);
    if (match === null) throw invalid(text, `unexpected ${trimmed.slice(at).trim()}`);
    tokens.push(match[1] ?? match[2] ?? match[3] ?? '');
  }
  return tokens;
}

function invalid(text: string, reason: string): ServiceError {
  return new ServiceError('ValidationError', `Expression: ${JSON.stringify(text)}: ${reason}`);
}
