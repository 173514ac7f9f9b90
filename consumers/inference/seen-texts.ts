import { createHash } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import type { Analysis, AnalysisRequest } from '#shared/nlp/types.ts';

/** What an entry takes beside its bytes: key, buffer and its place in the map (measured, rounded up). */
const ENTRY_BYTES = 400;

/** What the engine has said of texts, kept over invocations. */
export interface SeenTexts {
  /** What it said of this text, asked the same; undefined where that is not known. */
  recall(request: AnalysisRequest): Analysis | undefined;
  keep(request: AnalysisRequest, analysis: Analysis): void;
}

/**
 * Remembers analyses of one engine in so many bytes at most; what was asked for longest ago goes first. What is recalled equals
 * what was kept bit for bit, and is nobody else's: each is held in bytes, under a SHA-256 of the text and all that is asked of it.
 *
 * @param maximumBytes 0 remembers nothing
 */
export function createSeenTexts(maximumBytes: number): SeenTexts {
  /** In the order of their last use. */
  const entries = new Map<string, Buffer>();
  let bytes = 0;
  const forget = (key: string, entry: Buffer) => {
    entries.delete(key);
    bytes -= entry.length + ENTRY_BYTES;
  };

  return {
    recall(request) {
      // Of none that are kept there is no need of a key.
      if (entries.size === 0) return undefined;
      const key = keyOf(request);
      const entry = entries.get(key);
      if (!entry) return undefined;
      entries.delete(key);
      entries.set(key, entry);
      return deserialize(entry) as Analysis;
    },
    keep(request, analysis) {
      if (maximumBytes === 0) return;
      const key = keyOf(request);
      const entry = serialize(analysis);
      const former = entries.get(key);
      if (former) forget(key, former);
      if (entry.length + ENTRY_BYTES > maximumBytes) return;
      entries.set(key, entry);
      bytes += entry.length + ENTRY_BYTES;
      for (const [oldest, its] of entries) {
        if (bytes <= maximumBytes) break;
        forget(oldest, its);
      }
    },
  };
}

/** A name of the text and of all that is asked: what is asked in another order may be answered in another. */
function keyOf({ text, questions, tasks, also, language, topK }: AnalysisRequest): string {
  const asked = JSON.stringify([questions, tasks, also, language, topK]);
  return createHash('sha256').update(`${asked}\n`).update(text, 'utf16le').digest('base64url');
}
