import { describeMark } from './marks.ts';
import type { Segment } from './segments.ts';
import { hueOf, lettersOf } from './span-types.ts';

interface MarkedProps {
  readonly segment: Segment;
  /** As much of the segment's text as is shown. */
  readonly shown: string;
  /** Whether Tab leads here; the arrows lead on. */
  readonly isFirst: boolean;
}

/** One stretch of a text with the marks that cover it. The letters of a type stand where its span ends. */
export function Marked({ segment: { text, start, marks }, shown, isFirst }: MarkedProps) {
  const typed = marks.filter(({ layer }) => layer !== 'answer');
  const top = typed.at(-1);
  const ending = typed.filter(({ end }) => end === start + text.length);
  const letters = [...new Set(ending.map(({ name }) => lettersOf(name)))].join(' ');
  const classes = [
    'span',
    ...new Set(marks.map(({ layer }) => `span-${layer}`)),
    ...(top ? [`hue-${hueOf(top.name)}`] : []),
    ...(top?.start === start ? ['span-begins'] : []),
    ...(letters === '' ? [] : ['span-ends']),
  ];
  return (
    // biome-ignore lint/a11y/useSemanticElements: a button would be one box, which cannot break over lines as a span of a text must.
    <span
      class={classes.join(' ')}
      role="button"
      tabIndex={isFirst ? 0 : -1}
      data-start={start}
      data-letters={letters === '' ? undefined : letters}
      aria-label={`${shown}: ${marks.map(describeMark).join('; ')}`}
    >
      {shown}
    </span>
  );
}
