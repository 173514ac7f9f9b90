import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { formatNumber, formatScore } from '../format.ts';
import { Marked } from './marked.tsx';
import { describeMark, layerNames } from './marks.ts';
import { beginningOf, type Mark, segmentsOf } from './segments.ts';

interface MarkedTextProps {
  readonly text: string;
  /** The same list as long as the text is the same: what is drawn is kept. */
  readonly marks: readonly Mark[];
  /** Language of the text, for fonts and voices. */
  readonly language?: string | undefined;
}

/** How much of a longer text is shown at first, and how much more each time the reader wants more, in UTF-16 code units. */
const SHOWN_LENGTH = 700;
const MORE_LENGTH = 20_000;

/** What is pointed at: its marks, and where they are told. */
interface Pointed {
  readonly marks: readonly Mark[];
  readonly left: number;
  readonly top: number;
}

/** A text with its spans drawn in it: types by colour and letters, answers underlined, all of them told where pointed at. */
export function MarkedText({ text, marks, language }: MarkedTextProps) {
  const [length, setLength] = useState(SHOWN_LENGTH);
  const [pointed, setPointed] = useState<Pointed>();
  const container = useRef<HTMLDivElement>(null);
  const end = beginningOf(text, length);
  const rest = text.length - end;
  const segments = useMemo(() => segmentsOf(text, marks), [text, marks]);
  const drawn = useMemo(() => {
    const first = segments.find((segment) => segment.marks.length > 0);
    return segments
      .filter(({ start }) => start < end)
      .map((segment) => {
        const shown = segment.text.slice(0, end - segment.start);
        if (segment.marks.length === 0) return shown;
        return (
          <Marked key={segment.start} segment={segment} shown={shown} isFirst={segment === first} />
        );
      });
  }, [segments, end]);

  useEffect(() => {
    if (!pointed) return;
    const hide = ({ key }: KeyboardEvent) => {
      if (key === 'Escape') setPointed(undefined);
    };
    window.addEventListener('keydown', hide);
    return () => window.removeEventListener('keydown', hide);
  }, [pointed]);

  const point = ({ target }: Event) => {
    if (!(target instanceof Element) || target.closest('.span-tip')) return;
    const stop = target.closest('[data-start]');
    const start = Number(stop?.getAttribute('data-start'));
    const segment = stop ? segments.find((one) => one.start === start) : undefined;
    const around = container.current?.getBoundingClientRect();
    if (!stop || !segment || !around) return setPointed(undefined);
    const { left, bottom } = stop.getBoundingClientRect();
    setPointed({ marks: segment.marks, left: left - around.left, top: bottom - around.top });
  };
  const hide = () => setPointed(undefined);
  const walk = (event: KeyboardEvent) => {
    const stops = [...(container.current?.querySelectorAll<HTMLElement>('[data-start]') ?? [])];
    const at = stops.indexOf(document.activeElement as HTMLElement);
    const to = at < 0 ? undefined : stops[nextStop(event.key, at, stops.length)];
    if (!to) return;
    event.preventDefault();
    for (const stop of stops) if (stop.tabIndex === 0) stop.tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
  };

  return (
    <div class="marked-text" ref={container}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: its spans are the controls; what happens to thousands of them is heard in one place. */}
      {/* biome-ignore lint/a11y/useKeyWithMouseEvents: focusin is heard, which bubbles. */}
      <div
        dir="auto"
        lang={language === 'und' ? undefined : language}
        onMouseOver={point}
        onMouseLeave={hide}
        onFocusIn={point}
        onFocusOut={hide}
        onClick={point}
        onKeyDown={walk}
      >
        {drawn}
        {end < text.length && '…'}
      </div>
      {(rest > 0 || length > SHOWN_LENGTH) && (
        <p class="more-text row">
          {rest > 0 && (
            <button type="button" onClick={() => setLength(end + MORE_LENGTH)}>
              Show {formatNumber(Math.min(rest, MORE_LENGTH))} more of {formatNumber(text.length)}{' '}
              characters
            </button>
          )}
          {length > SHOWN_LENGTH && (
            <button type="button" onClick={() => setLength(SHOWN_LENGTH)}>
              Show the beginning
            </button>
          )}
        </p>
      )}
      {pointed && (
        <div
          class="span-tip"
          aria-hidden="true"
          style={{
            left: `max(0px, min(${pointed.left}px, 100% - 16rem))`,
            top: `${pointed.top}px`,
          }}
        >
          {pointed.marks.map((mark) => (
            <p key={describeMark(mark)}>
              <b dir="auto">{mark.name}</b> <span class="muted">{layerNames[mark.layer]}</span>{' '}
              {formatScore(mark.score)}
            </p>
          ))}
        </div>
      )}
    </div>
  );
}

/** Index of the span to which a key leads from another; none where it leads nowhere. */
function nextStop(key: string, at: number, count: number): number {
  switch (key) {
    case 'ArrowRight':
    case 'ArrowDown':
      return at + 1;
    case 'ArrowLeft':
    case 'ArrowUp':
      return at - 1;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return -1;
  }
}
