import type { ComponentChildren } from 'preact';

interface ScrollerProps {
  readonly label: string;
  readonly class: string;
  readonly children: ComponentChildren;
}

/** What scrolls by itself, and so must be reached by keyboard. */
export function Scroller({ label, class: name, children }: ScrollerProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrows scroll what has the focus.
    <section class={name} tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}
