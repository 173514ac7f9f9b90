import * as z from 'zod';

/** What every file of the page is served with, on AWS and locally: it runs what its own origin serves, and asks no other. */
export const consoleHeaders = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

/** What of the page's origin is the API's. */
export const API_PATHS = '/v1/*';

/** Where the page finds what it must know of its deployment, beside its own files. */
export const CONSOLE_INFO_PATH = '/console.json';

/** What the page is told of its deployment. */
export interface ConsoleInfo {
  readonly where: 'local' | 'aws';
  readonly environmentName: string;
  /** Address of the API for other programs, without `/v1`; the page itself calls its own origin. */
  readonly apiUrl: string;
  /** The API wants a key in `x-api-key`, which the user gives. */
  readonly needsKey: boolean;
  /** Seconds after which asking again may tell something new; each asking of metrics costs something on AWS. */
  readonly pollSeconds: number;
  /** Failures can be redriven by a call of the page's origin; elsewhere by the command alone. */
  readonly canRedrive: boolean;
  /** Command lines to show, by what they do; `redrive` takes `--reason`. */
  readonly commands: { readonly redrive: string; readonly produce: string };
}

/** Path of the call that redrives, of the local server of the page alone. */
export const REDRIVE_PATH = '/console/redrive';
/** Header, with the value `1`, that no page of another origin can send without being asked first. */
export const REDRIVE_HEADER = 'x-spanstream-console';

const KEYS = 'must hold 1 to 100 keys';

/** What is to be redriven. */
export const redriveBodySchema = z.strictObject({
  keys: z
    .array(z.string().min(1).max(1_024))
    .min(1, KEYS)
    .max(100, KEYS)
    .describe('Keys of objects, as /v1/failures gives them.'),
  retryUncertain: z
    .boolean()
    .default(false)
    .describe('Also those that an earlier run claimed and may have sent.'),
});

/** What became of it. */
export interface RedriveAnswer {
  readonly redriven: number;
  /** Redriven by an earlier run. */
  readonly skipped: number;
  /** Claimed by a run that did not say that it sent them; left alone. */
  readonly uncertain: readonly string[];
  readonly failed: readonly { readonly key: string; readonly reason: string }[];
}
