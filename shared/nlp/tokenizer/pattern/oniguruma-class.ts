import { caseVariants, namedSet } from './character-sets.ts';
import { literal, readEscape } from './oniguruma-escape.ts';
import type { PatternSource } from './source.ts';

/** Widest range of characters whose case is ignored one by one. */
const WIDEST = 1024;

/** Translates a character class; its opening bracket is taken already. */
export function translateClass(source: PatternSource, ignoreCase: boolean): string {
  const negated = source.take('^') ? '^' : '';
  /** What `&&` stands between. */
  const operands = [''];
  const add = (set: string) => {
    operands[operands.length - 1] += set;
  };
  for (let first = true; first || !source.take(']'); first = false) {
    if (source.take('&&')) {
      operands.push('');
      continue;
    }
    const posix = source.match(/\[:(\^?)(\w+):\]/y);
    if (posix) {
      const set = namedSet(posix[2] ?? '') ?? source.refuse(`has an unknown class ${posix[0]}`);
      add(posix[1] ? `[^${set}]` : set);
    } else if (source.take('[')) {
      add(translateClass(source, ignoreCase));
    } else {
      add(translateMember(source, ignoreCase));
    }
  }
  if (operands.length === 1) return `[${negated}${operands[0]}]`;
  return `[${negated}${operands.map((operand) => `[${operand}]`).join('&&')}]`;
}

/** A character, a range of characters, or a set. */
function translateMember(source: PatternSource, ignoreCase: boolean): string {
  const start = readMember(source, ignoreCase);
  if ('set' in start) return start.set;
  let end = start.codePoint;
  if (source.match(/-(?![\]&])/y)) {
    const last = source.take('[') ? source.refuse('has a range that ends in a class') : undefined;
    const member = last ?? readMember(source, ignoreCase);
    if ('set' in member) return `${literal(end)}\\-${member.set}`;
    end = member.codePoint;
  }
  if (end < start.codePoint) source.refuse('has an empty range');
  const range = `${literal(start.codePoint)}-${literal(end)}`;
  if (!ignoreCase) return range;
  if (end - start.codePoint > WIDEST) source.refuse('ignores the case of too wide a range');
  let all = range;
  for (let code = start.codePoint; code <= end; code++) {
    for (const variant of caseVariants(code)) all += literal(variant);
  }
  return all;
}

function readMember(source: PatternSource, ignoreCase: boolean) {
  if (!source.take('\\')) return { codePoint: source.next().codePointAt(0) ?? 0 };
  return source.take('b') ? { codePoint: 8 } : readEscape(source, ignoreCase);
}
