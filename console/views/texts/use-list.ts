import { useEffect, useRef, useState } from 'preact/hooks';
import { readResults } from '../../api/calls.ts';
import { usePolled } from '../../api/use-polled.ts';
import { type List, withNewest, withOlder } from './list.ts';

const PAGE = '30';
const NEVER_MS = 86_400_000;

/** The list of a source, which follows the stream unless it is held, and how older ones are asked for. */
export function useList(source: string, everyMs: number, isHeld: boolean) {
  const [list, setList] = useState<List & { readonly source: string }>();
  const [older, setOlder] = useState<{ readonly busy: boolean; readonly error?: unknown }>({
    busy: false,
  });
  const leaving = useRef(new AbortController());
  const polled = usePolled(
    source,
    (signal) => readResults({ source, limit: PAGE }, signal),
    isHeld ? NEVER_MS : everyMs,
  );
  const { value } = polled;
  useEffect(() => {
    if (!value) return;
    setList((known) => ({
      ...withNewest(known?.source === source ? known : undefined, value),
      source,
    }));
  }, [value, source]);
  useEffect(() => {
    leaving.current = new AbortController();
    setOlder({ busy: false });
    return () => leaving.current.abort();
  }, [source]);

  const readOlder = async () => {
    const { signal } = leaving.current;
    if (list?.cursor === undefined) return;
    setOlder({ busy: true });
    try {
      const page = await readResults({ source, limit: PAGE, cursor: list.cursor }, signal);
      setList((known) => known && { ...withOlder(known, page), source });
      setOlder({ busy: false });
    } catch (error) {
      if (!signal.aborted) setOlder({ busy: false, error });
    }
  };
  const mine = list?.source === source ? list : undefined;
  return { polled, list: mine, older: { ...older, read: readOlder } };
}
