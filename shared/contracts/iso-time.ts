const DATE = {
  extended: /^(\d{4})-(?:(\d\d)-(\d\d)|W(\d\d)-([1-7])|(\d{3}))$/,
  basic: /^(\d{4})(?:(\d\d)(\d\d)|W(\d\d)([1-7])|(\d{3}))$/,
};
const TIME = {
  extended: /^(\d\d)(?::(\d\d)(?::(\d\d))?)?(?:[.,](\d+))?$/,
  basic: /^(\d\d)(?:(\d\d)(?:(\d\d))?)?(?:[.,](\d+))?$/,
};
const ZONE = /^(?:Z|([+-])(\d\d)(?::?(\d\d))?)$/;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/**
 * Epoch milliseconds of a time of ISO 8601 with a zone; undefined for any other text. It may be a calendar, week or ordinal date,
 * in extended or basic form; hours, or hours and minutes, or seconds too, the last of them with a fraction; `Z` or an offset. The
 * end of a day may be 24:00. A leap second may be where one can be, at the end of a month in UTC, and is the moment after it.
 */
export function parseIsoTime(text: string): number | undefined {
  const [, date = '', time = '', zone = ''] =
    /^([\dW-]{7,10})T([\d:.,]{2,40})(Z|[+-][\d:]{2,5})$/.exec(text.toUpperCase()) ?? [];
  const form = date.lastIndexOf('-') > 0 ? 'extended' : 'basic';
  const day = dayOf(DATE[form].exec(date));
  const [, hours, minutes, seconds, fraction = '0'] = TIME[form].exec(time) ?? [];
  const [, sign = '+', zoneHours, zoneMinutes] = ZONE.exec(zone) ?? ['', 'none'];
  if (day === undefined || hours === undefined || sign === 'none') return undefined;
  const [h, m, s] = [Number(hours), Number(minutes ?? 0), Number(seconds ?? 0)];
  const [zh, zm] = [Number(zoneHours ?? 0), Number(zoneMinutes ?? 0)];
  const part = Number(`0.${fraction}`);
  if (zh > 23 || zm > 59 || m > 59 || h > 24 || s > 60) return undefined;
  if (h === 24 && (m > 0 || s > 0 || part > 0)) return undefined;
  const minute = day + (h * 60 + m - (zh * 60 + zm) * (sign === '-' ? -1 : 1)) * MINUTE_MS;
  if (s === 60) return beginsMonth(minute + MINUTE_MS) ? minute + MINUTE_MS : undefined;
  const unit = seconds !== undefined ? 1_000 : minutes !== undefined ? MINUTE_MS : 60 * MINUTE_MS;
  return minute + s * 1_000 + Math.floor(part * unit);
}

/** See {@link parseIsoTime}. */
export const isIsoTime = (text: string): boolean => parseIsoTime(text) !== undefined;

const beginsMonth = (time: number): boolean => {
  const at = new Date(time);
  return at.getUTCDate() === 1 && at.getUTCHours() === 0 && at.getUTCMinutes() === 0;
};

/** Epoch milliseconds of a date's first moment; undefined where there is no such date. */
function dayOf(parts: RegExpExecArray | null): number | undefined {
  if (!parts) return undefined;
  const [, year = '', month, day, week, weekday, ordinal] = parts;
  const first = new Date(0).setUTCFullYear(Number(year), 0, 1);
  const length = new Date(0).setUTCFullYear(Number(year) + 1, 0, 1) - first;
  if (ordinal !== undefined) {
    const at = (Number(ordinal) - 1) * DAY_MS;
    return at >= 0 && at < length ? first + at : undefined;
  }
  if (week !== undefined) {
    const monday = (time: number) => time - ((new Date(time).getUTCDay() + 6) % 7) * DAY_MS;
    const firstWeek = monday(first + 3 * DAY_MS);
    const at = firstWeek + ((Number(week) - 1) * 7 + Number(weekday) - 1) * DAY_MS;
    return at >= firstWeek && at < monday(first + length + 3 * DAY_MS) ? at : undefined;
  }
  const at = new Date(0).setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  return new Date(at).getUTCMonth() === Number(month) - 1 ? at : undefined;
}
