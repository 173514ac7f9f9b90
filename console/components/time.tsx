import { formatTime } from '../format.ts';

/** A time on the reader's clock; in UTC where it is pointed at. */
export function Time({ value }: { readonly value: string | number }) {
  const time = new Date(value);
  if (Number.isNaN(time.getTime())) return <span>{value}</span>;
  const utc = time.toISOString();
  return (
    <time dateTime={utc} title={utc}>
      {formatTime(time)}
    </time>
  );
}
