const DATE = {
  extended: /^(\d{4})-(?:(\d\d)-(\d\d)|W(\d\d)-([1-7])|(\d{3}))$/,
  basic: /^(\d{4})(?:(\d\d)(\d\d)|W(\d\d)([1-7])|(\d{3}))$/,
};
const TIME = {
  extended: /^(\d\d)(?::(\d\d)(?::(\d\d))?)?(?:[.,](\d+))?$/,
  basic: /^(\d\d)(?:(\d\d)(?:(\d\d))?)?(?:[.,](\d+))?$/,
};
const ZONE = /^(?:Z|([+-])(\d\d)(?::?(\d\d))?)$/;
const DAY_MS = 86_400_000;

/**
 * Whether a text is a time of ISO 8601 with a zone: a calendar, week or ordinal date, in extended or basic form; hours, or hours and
 * minutes, or seconds too, with a fraction; `Z` or an offset. The end of a day may be 24:00. A leap second may be where
 * one can be: at the end of a month, in UTC.
 */
export function isIsoTime(text: string): boolean {
  const [, date = '', time = '', zone = ''] =
    /^([\dW-]{7,10})T([\d:.,]{2,40})(Z|[+-][\d:]{2,5})$/.exec(text.toUpperCase()) ?? [];
  const form = date.lastIndexOf('-') > 0 ? 'extended' : 'basic';
  const day = dayOf(DATE[form].exec(date));
  const [, hours, minutes = '0', seconds = '0', fraction = '0'] = TIME[form].exec(time) ?? [];
  const [, sign = '+', zoneHours = '0', zoneMinutes = '0'] = ZONE.exec(zone) ?? ['', 'none'];
  if (day === undefined || hours === undefined || sign === 'none') return false;
  const [h, m, s, zh, zm] = [hours, minutes, seconds, zoneHours, zoneMinutes].map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ];
  if (zh > 23 || zm > 59 || m > 59) return false;
  if (h === 24) return m === 0 && s === 0 && Number(fraction) === 0;
  if (h > 23 || s > 60) return false;
  if (s < 60) return true;
  const offset = (zh * 60 + zm) * (sign === '-' ? 1 : -1);
  // The instant after the leap second begins a month.
  const next = new Date(day + (h * 60 + m + 1 + offset) * 60_000);
  return next.getUTCDate() === 1 && next.getUTCHours() === 0 && next.getUTCMinutes() === 0;
}

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
