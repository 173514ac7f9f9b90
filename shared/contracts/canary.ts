/** Source of the canary's probes. It is their mark: no other record may have it. */
export const CANARY_SOURCE = 'spanstream-canary';
/** The text of every probe. */
export const PROBE_TEXT = 'Angela Merkel met the board of Siemens in Munich on Tuesday.';
/** Days after which the result of a probe expires, however long results are kept: it has served within minutes. */
export const PROBE_RETENTION_DAYS = 1;

const PROBE_ID = /^spanstream-canary:[\da-f-]{36}$/;

/** The record that a canary puts on the stream; `uuid` makes it one that nobody else put. */
export const probeOf = (uuid: string, language: string) => ({
  id: `${CANARY_SOURCE}:${uuid}`,
  text: PROBE_TEXT,
  source: CANARY_SOURCE,
  language,
});

/** Whether what has this source is a canary's: no metric of content counts it. */
export const isProbe = ({ source }: { readonly source?: string | undefined }): boolean =>
  source === CANARY_SOURCE;

/** Whether a record has the mark and is no probe: by its id and its text. */
export const misusesMark = (record: { id: string; text: string; source: string }): boolean =>
  isProbe(record) && (record.text !== PROBE_TEXT || !PROBE_ID.test(record.id));
