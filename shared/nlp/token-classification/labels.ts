/** What one output column of a token classifier means. */
export interface TokenLabel {
  /** As the model's configuration spells it, such as `B-PER`. */
  readonly name: string;
  /** Compared with its neighbour's to decide whether two words are one entity. */
  readonly tag: string;
  /** The entity's type, such as `PER`. */
  readonly type: string;
  /** Always starts a new entity. */
  readonly begins: boolean;
  /** Nothing may continue the entity after it. */
  readonly ends: boolean;
  /** Its part in an entity, by its prefix. */
  readonly role: 'begin' | 'inside' | 'end' | 'single' | 'none';
}

/** The label, and the type, of what is no entity. */
export const OUTSIDE = 'O';

/**
 * Reads the labels of a model: IOB1, IOB2, BIOES (also spelled BILOU), or bare types.
 * E-, S-, L- and U- are read as such only where the same type also has an inside label, since
 * otherwise they may be part of a name.
 *
 * @param names label names by output column
 */
export function parseLabels(names: readonly string[]): TokenLabel[] {
  const known = new Set(names);
  return names.map((name) => parseLabel(name, known));
}

function parseLabel(name: string, known: ReadonlySet<string>): TokenLabel {
  const prefix = name.slice(0, 2);
  const rest = name.slice(2);
  if (prefix === 'B-')
    return { name, tag: rest, type: rest, begins: true, ends: false, role: 'begin' };
  if (prefix === 'I-')
    return { name, tag: rest, type: rest, begins: false, ends: false, role: 'inside' };
  const chunked = known.has(`B-${rest}`) && known.has(`I-${rest}`);
  if (chunked && (prefix === 'E-' || prefix === 'L-')) {
    return { name, tag: rest, type: rest, begins: false, ends: true, role: 'end' };
  }
  if (chunked && (prefix === 'S-' || prefix === 'U-')) {
    return { name, tag: rest, type: rest, begins: true, ends: true, role: 'single' };
  }
  return {
    name,
    tag: name,
    type: name.slice(name.indexOf('-') + 1),
    begins: false,
    ends: false,
    role: 'none',
  };
}
