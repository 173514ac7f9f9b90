import type { ComponentChildren } from 'preact';
import { addressOf, go, type ViewName } from '../location.ts';

interface LinkProps {
  readonly view: ViewName;
  readonly filters?: Readonly<Record<string, string>>;
  readonly 'aria-current'?: 'page' | undefined;
  readonly children: ComponentChildren;
}

/** A link to a view of this page; what opens it elsewhere, such as Ctrl and a click, is left to the browser. */
export function Link({ view, filters, children, ...attributes }: LinkProps) {
  const address = addressOf(view, filters);
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey)
      return;
    event.preventDefault();
    go(address);
  };
  return (
    <a {...attributes} href={address} onClick={follow}>
      {children}
    </a>
  );
}
