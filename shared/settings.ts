import type * as z from 'zod';
import { describeIssues } from './contracts/validate.ts';
import { ConfigurationError } from './errors.ts';
import { contradictions } from './settings/contradictions.ts';
import { type Settings, settingsFields } from './settings/fields.ts';

export { canaryTimeoutSeconds, type MappingSettings, type Settings } from './settings/fields.ts';

/** Everything that can be configured, with its default; the stacks and the local runtime read the same. */
export const settingsSchema = settingsFields.superRefine((settings, check) => {
  for (const [path, message] of contradictions(settings)) {
    check.addIssue({ code: 'custom', path: path.split('.'), message });
  }
});

/** Settings as written: everything may be left out. */
export type SettingsInput = z.input<typeof settingsSchema>;

/**
 * Checks settings and fills in the defaults.
 *
 * @throws {ConfigurationError} naming the settings at fault (the first ten of them), each with the reason.
 */
export function parseSettings(input: unknown): Settings {
  const parsed = settingsSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new ConfigurationError(`settings are wrong: ${describeIssues(parsed.error, 'settings')}`, {
    cause: parsed.error,
  });
}
