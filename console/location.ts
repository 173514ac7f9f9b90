import { useEffect, useState } from 'preact/hooks';

/** The views, in the order of the navigation, by the name that stands in the address. */
export const views = {
  now: 'Now',
  texts: 'Texts',
  record: 'Record',
  try: 'Try it',
  failures: 'Failures',
  models: 'Models',
} as const;

/** Name of a view. */
export type ViewName = keyof typeof views;

/** What the address says: the view, and its filters. */
export interface Place {
  readonly view: ViewName;
  readonly parameters: URLSearchParams;
}

const isView = (name: string): name is ViewName => Object.hasOwn(views, name);

/** Reads a query string; what it does not know is the first view. */
export function placeOf(search: string): Place {
  const parameters = new URLSearchParams(search);
  const name = parameters.get('view') ?? '';
  parameters.delete('view');
  return { view: isView(name) ? name : 'now', parameters };
}

/** The address of a view with its filters; empty ones are left out. */
export function addressOf(view: ViewName, filters: Readonly<Record<string, string>> = {}): string {
  const given = Object.entries(filters).filter(([, value]) => value !== '');
  return `?${new URLSearchParams([['view', view], ...given])}`;
}

const MOVED = 'spanstream-moved';

/** Goes to an address of this page; a filter that is typed replaces the entry of the history. */
export function go(address: string, { replace = false } = {}): void {
  if (address === window.location.search) return;
  if (replace) window.history.replaceState(null, '', address);
  else window.history.pushState(null, '', address);
  window.dispatchEvent(new Event(MOVED));
}

/** Where the page is; draws anew when that changes. */
export function usePlace(): Place {
  const [search, setSearch] = useState(window.location.search);
  useEffect(() => {
    const read = () => setSearch(window.location.search);
    window.addEventListener('popstate', read);
    window.addEventListener(MOVED, read);
    return () => {
      window.removeEventListener('popstate', read);
      window.removeEventListener(MOVED, read);
    };
  }, []);
  return placeOf(search);
}

/** The filters of the view that is shown, and how one of them is changed: they live in the address. */
export function useFilters<Name extends string>(
  { view, parameters }: Place,
  defaults: Readonly<Record<Name, string>>,
) {
  const names = Object.keys(defaults) as Name[];
  const filters = Object.fromEntries(
    names.map((name) => [name, parameters.get(name) ?? defaults[name]]),
  ) as Record<Name, string>;
  const setFilters = (changes: Partial<Record<Name, string>>) => {
    const changed = Object.entries({ ...filters, ...changes }) as [Name, string][];
    const kept = changed.filter(([name, value]) => value !== defaults[name]);
    go(addressOf(view, Object.fromEntries(kept)), { replace: true });
  };
  return [filters, setFilters] as const;
}
