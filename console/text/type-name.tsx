import { hueOf, lettersOf } from './span-types.ts';

/** A type in its colour, with the letters by which its spans are marked. */
export function TypeName({ type }: { readonly type: string }) {
  const letters = lettersOf(type);
  return (
    <span class={`type hue-${hueOf(type)}`}>
      <b>{letters}</b>
      {letters !== type && <bdi>{type}</bdi>}
    </span>
  );
}
