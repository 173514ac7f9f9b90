/** Windows of time that the plots show, in seconds, by what stands in the address. */
export const windows = {
  '15m': { seconds: 900, name: '15 minutes' },
  '1h': { seconds: 3_600, name: '1 hour' },
  '3h': { seconds: 10_800, name: '3 hours' },
  '6h': { seconds: 21_600, name: '6 hours' },
  '12h': { seconds: 43_200, name: '12 hours' },
  '24h': { seconds: 86_400, name: '24 hours' },
} as const;

/** Name of a window. */
export type WindowName = keyof typeof windows;

/** The window that an address names, or the shortest where it names none. */
export const windowOf = (name: string): WindowName =>
  Object.hasOwn(windows, name) ? (name as WindowName) : '15m';
