import { formatScore } from '../format.ts';

/** A probability as a number with a bar beside it. */
export function Score({ value }: { readonly value: number }) {
  return (
    <span class="score">
      <span class="score-bar" aria-hidden="true">
        <span style={{ inlineSize: `${Math.min(Math.max(value, 0), 1) * 100}%` }} />
      </span>
      {formatScore(value)}
    </span>
  );
}
