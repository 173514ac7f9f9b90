import { caseVariants, namedSet } from './character-sets.ts';
import { translateClass } from './oniguruma-class.ts';
import { literal, readEscape } from './oniguruma-escape.ts';
import { PatternSource } from './source.ts';

/** What `(?im)` switches on. */
interface Switches {
  readonly ignoreCase: boolean;
  /** The dot is a line's end too: `m` in Ruby's syntax. */
  readonly dotAll: boolean;
}

const word = namedSet('w');
/** Assertions: Ruby's `^` and `$` are of lines, and no line begins after the last line's end. */
const assertions: Readonly<Record<string, string>> = {
  '^': '(?:(?<![^])|(?<=\\n)(?=[^]))',
  $: '(?:(?![^])|(?=\\n))',
  '\\A': '(?<![^])',
  '\\z': '(?![^])',
  '\\Z': '(?=\\n?(?![^]))',
  '\\b': `(?:(?<=${word})(?!${word})|(?<!${word})(?=${word}))`,
  '\\B': `(?:(?<=${word})(?=${word})|(?<!${word})(?!${word}))`,
};

/**
 * Translates a regular expression from Oniguruma's syntax (as Ruby has it), which `tokenizer.json` is written in, to
 * JavaScript's. Groups capture nothing, since no pattern of a tokenizer looks back at one.
 *
 * @param part names the stage in an error
 * @throws {ModelError} naming what cannot be translated.
 */
export function translateRegex(pattern: string, part: string): RegExp {
  const source = new PatternSource(pattern, part);
  const translated = new Translation(source).alternatives({ ignoreCase: false, dotAll: false });
  if (!source.done) source.refuse('closes a group that was not opened');
  try {
    return new RegExp(translated, 'gv');
  } catch (cause) {
    return source.refuse(`cannot be run: ${cause instanceof Error ? cause.message : cause}`);
  }
}

class Translation {
  /** Atomic groups, which are written as a look ahead and what it saw. */
  private atoms = 0;
  private readonly source: PatternSource;

  constructor(source: PatternSource) {
    this.source = source;
  }

  /** Up to the end or a closing bracket, which is left there. */
  alternatives(given: Switches): string {
    const { source } = this;
    let switches = given;
    let translated = '';
    while (!source.done && !source.sees(')')) {
      if (source.take('|')) {
        translated += '|';
        continue;
      }
      const set = source.match(/\(\?([imx]*)(?:-([imx]*))?\)/y);
      if (set) {
        // From here on to the end of the group; alternatives that follow belong to it.
        switches = this.switched(switches, set);
        translated += `(?:${this.alternatives(switches)})`;
        continue;
      }
      translated += this.repeated(switches);
    }
    return translated;
  }

  private repeated(switches: Switches): string {
    const { source } = this;
    let translated = this.single(switches);
    for (;;) {
      const times = source.match(/[*+?]|\{(\d*),(\d*)\}|\{(\d+)\}/y);
      if (!times) return translated;
      const [whole, least, most, exactly] = times;
      if (whole === '{,}') source.refuse('repeats {,}');
      if (exactly !== undefined) {
        translated = `(?:${translated}{${exactly}})`;
        continue;
      }
      const braces = least !== undefined;
      const quantified = `${translated}${braces ? `{${least || 0},${most}}` : whole}`;
      if (source.take('?')) translated = `(?:${quantified}?)`;
      else if (!braces && source.take('+')) translated = this.atomic(quantified);
      else translated = `(?:${quantified})`;
    }
  }

  private single(switches: Switches): string {
    const { source } = this;
    if (source.take('(')) return this.group(switches);
    if (source.take('[')) return translateClass(source, switches.ignoreCase);
    if (source.take('.')) return switches.dotAll ? '[^]' : '[^\\n]';
    const assertion = source.match(/[\^$]|\\[AzZbB]/y);
    if (assertion) return assertions[assertion[0]] ?? '';
    const escaped = source.take('\\');
    if (!escaped && source.match(/[*+?]/y)) source.refuse('repeats nothing');
    const read = escaped
      ? readEscape(source, switches.ignoreCase)
      : { codePoint: source.next().codePointAt(0) ?? 0 };
    if ('set' in read) return `[${read.set}]`;
    if (!switches.ignoreCase) return literal(read.codePoint);
    return `[${caseVariants(read.codePoint).map(literal).join('')}]`;
  }

  private group(switches: Switches): string {
    const { source } = this;
    if (source.match(/\?#[^)]*\)/y)) return '(?:)';
    const look = source.match(/\?<?[=!]/y);
    if (look) return this.closed(`(${look[0]}`, switches);
    if (source.take('?>')) return this.atomic(this.closed('(?:', switches));
    const set = source.match(/\?([imx]*)(?:-([imx]*))?:/y);
    if (set) return this.closed('(?:', this.switched(switches, set));
    if (!source.match(/\?<\w+>/y) && source.sees('?')) source.refuse('has a group of unknown kind');
    return this.closed('(?:', switches);
  }

  private closed(opening: string, switches: Switches): string {
    const inner = this.alternatives(switches);
    if (!this.source.take(')')) this.source.refuse('does not close a group');
    return `${opening}${inner})`;
  }

  private atomic(translated: string): string {
    const name = `atom${this.atoms++}`;
    return `(?:(?=(?<${name}>${translated}))\\k<${name}>)`;
  }

  private switched(switches: Switches, [, on = '', off = '']: RegExpExecArray): Switches {
    if (on.includes('x')) this.source.refuse('is written with white space that does not count');
    return {
      ignoreCase: (switches.ignoreCase || on.includes('i')) && !off.includes('i'),
      dotAll: (switches.dotAll || on.includes('m')) && !off.includes('m'),
    };
  }
}
