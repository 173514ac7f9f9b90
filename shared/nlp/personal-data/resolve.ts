import type { Finding, PersonalData } from './types.ts';

/** From here on a rule is certain: such findings come before longer ones that are not. What a model says is never certain. */
const CERTAIN = 0.9;
const isCertain = ({ rule, score }: Finding) => rule !== 'entities' && score >= CERTAIN;

/**
 * One span for each place: certain ones before others, then the longest, then the highest score, then the first rule.
 * What is left of a span that another one cuts is kept if the other lies at its edge and a word is left.
 */
export function resolveOverlaps(text: string, findings: readonly Finding[]): PersonalData[] {
  const order = findings
    .map((finding, rank) => ({ finding, rank }))
    .filter(({ finding }) => finding.end > finding.start)
    .sort(({ finding: a, rank: first }, { finding: b, rank: second }) => {
      const certain = Number(isCertain(b)) - Number(isCertain(a));
      return certain || b.end - b.start - (a.end - a.start) || b.score - a.score || first - second;
    });
  const taken = new Uint8Array(text.length);
  const spans: PersonalData[] = [];
  for (const { finding } of order) {
    let { start, end } = finding;
    while (start < end && taken[start]) start++;
    while (end > start && taken[end - 1]) end--;
    const cut = start !== finding.start || end !== finding.end;
    if (taken.subarray(start, end).includes(1)) continue;
    if (cut) {
      // Space and punctuation beside what is taken are no part of the rest.
      while (start < end && !/[\p{L}\p{N}]/u.test(text.charAt(start))) start++;
      while (end > start && !/[\p{L}\p{M}\p{N}]/u.test(text.charAt(end - 1))) end--;
      if (end - start < 2) continue;
    }
    if (start >= end) continue;
    taken.fill(1, start, end);
    spans.push({ ...finding, text: text.slice(start, end), start, end });
  }
  return spans.sort((a, b) => a.start - b.start);
}
