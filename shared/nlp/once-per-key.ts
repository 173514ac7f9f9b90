/** Makes a value for each key once, however many ask meanwhile; what could not be made is begun anew when it is asked for again. */
export function oncePerKey<K, V>(): (key: K, make: () => Promise<V>) => Promise<V> {
  const made = new Map<K, Promise<V>>();
  return (key, make) => {
    const known = made.get(key);
    if (known) return known;
    const begun = make();
    made.set(key, begun);
    begun.catch(() => made.delete(key));
    return begun;
  };
}
