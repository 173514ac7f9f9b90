import { useEffect, useState } from 'preact/hooks';

const KEY = 'spanstream-api-key';
const CHANGED = 'spanstream-api-key';

/** A browser may forbid storage; the key is then kept until the page is left. */
let kept = '';
/** Whether the API refused a call for want of a key, or for a wrong one. */
let refused = false;

/** The key that the user gave in this tab; empty where none was given. */
export function accessKey(): string {
  try {
    return sessionStorage.getItem(KEY) ?? kept;
  } catch {
    return kept;
  }
}

/** Keeps a key for this tab alone; an empty one forgets it. */
export function setAccessKey(key: string): void {
  kept = key;
  refused = false;
  try {
    if (key === '') sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, key);
  } catch {
    // It is kept above.
  }
  window.dispatchEvent(new Event(CHANGED));
}

/** The API said that it does not take this key. */
export function refuseAccessKey(): void {
  refused = true;
  window.dispatchEvent(new Event(CHANGED));
}

/** Whether there is a key, and whether the API refused it; draws anew when that changes. */
export function useAccessKey() {
  const read = () => ({ key: accessKey(), refused });
  const [state, setState] = useState(read);
  useEffect(() => {
    const update = () => setState(read());
    window.addEventListener(CHANGED, update);
    return () => window.removeEventListener(CHANGED, update);
  }, []);
  return state;
}
