import { colourOf, harmless, inColour } from '#shared/cli/marked-text.ts';
import type { ResultItem } from '#shared/contracts/result.ts';

/** How often something was named. */
export interface Named {
  readonly text: string;
  readonly type: string;
  mentions: number;
  /** Texts that name it. */
  texts: number;
}

/** Counts what results name: the same letters of the same type are the same, wherever they break lines. */
export function createTally() {
  const named = new Map<string, Named>();
  return {
    add(entities: ResultItem['entities']): void {
      const seen = new Set<Named>();
      for (const { type, text: written } of entities) {
        const text = written.trim().replace(/\s+/g, ' ');
        const key = `${type}\n${text}`;
        const one = named.get(key) ?? { text, type, mentions: 0, texts: 0 };
        named.set(key, one);
        one.mentions += 1;
        if (!seen.has(one)) one.texts += 1;
        seen.add(one);
      }
    },
    /** What was named most, in the order of mentions, then of texts, then of letters. */
    top: (count: number): Named[] =>
      [...named.values()]
        .sort(
          (a, b) =>
            b.mentions - a.mentions ||
            b.texts - a.texts ||
            (`${a.text}\n${a.type}` < `${b.text}\n${b.type}` ? -1 : 1),
        )
        .slice(0, count),
  };
}

/** What was named most as a table, a line each. */
export function tallyLines(top: readonly Named[]): string[] {
  const width = Math.max(8, ...top.map(({ mentions }) => String(mentions).length));
  return [
    `${'mentions'.padStart(width)}  ${'texts'.padStart(width)}`,
    ...top.map(({ text, type, mentions, texts }) => {
      const counts = [mentions, texts].map((count) => String(count).padStart(width)).join('  ');
      return `${counts}  ${inColour(colourOf(type), `${harmless(text)} [${harmless(type)}]`)}`;
    }),
  ];
}
