const plain = new Intl.NumberFormat('en', { maximumFractionDigits: 2 });
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** A number in at most six characters or so: `0.25`, `1,234`, `12.3K`. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  return (Math.abs(value) < 10_000 ? plain : compact).format(
    Math.abs(value) >= 100 ? Math.round(value) : value,
  );
}

/** Milliseconds in the unit in which they are read: `740 ms`, `1.4 s`, `3.5 min`, `2.1 h`. */
export function formatDuration(milliseconds: number): string {
  const size = Math.abs(milliseconds);
  if (size < 1_000) return `${Math.round(milliseconds)} ms`;
  if (size < 60_000) return `${plain.format(rounded(milliseconds / 1_000))} s`;
  if (size < 3_600_000) return `${plain.format(rounded(milliseconds / 60_000))} min`;
  if (size < 172_800_000) return `${plain.format(rounded(milliseconds / 3_600_000))} h`;
  return `${plain.format(rounded(milliseconds / 86_400_000))} days`;
}

const rounded = (value: number) => Number(value.toPrecision(2 + Number(Math.abs(value) >= 100)));

/** A share as a percentage. */
export const formatShare = (share: number): string => `${plain.format(rounded(share * 100))} %`;

/** A probability with two decimals, as results are read aloud: `0.98`. */
export const formatScore = (score: number): string => score.toFixed(2);

/** Bytes in the unit in which they are read. */
export function formatBytes(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`;
  if (bytes < 1_048_576) return `${plain.format(rounded(bytes / 1_024))} KB`;
  return `${plain.format(rounded(bytes / 1_048_576))} MB`;
}

const two = (value: number) => String(value).padStart(2, '0');

/** A time of day on the reader's clock: `14:03`, with seconds where they matter. */
export function formatClock(time: Date, { seconds = false } = {}): string {
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}`;
  return seconds ? `${clock}:${two(time.getSeconds())}` : clock;
}

/** A day and time on the reader's clock: `2026-01-31 14:03:05`. */
export const formatTime = (time: Date): string =>
  `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${formatClock(time, { seconds: true })}`;

/** How long ago a time was, such as `3.5 min ago`. */
export function formatAge(time: Date, now: number): string {
  const age = now - time.getTime();
  return age < 1_000 ? 'just now' : `${formatDuration(age)} ago`;
}
