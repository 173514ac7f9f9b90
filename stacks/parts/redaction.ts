import { Key } from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { acknowledge } from './function-parts.ts';
import type { StackContext } from './stack-context.ts';

/** What hiding personal data needs: a key for tags and content hashes, and one for the originals that are parked. */
export interface RedactionKeys {
  readonly tags: Secret;
  readonly parked: Key;
}

/** Makes the keys where personal data is to be hidden. */
export function redactionKeys(scope: Construct, context: StackContext): RedactionKeys | undefined {
  const { settings, names, removalPolicy } = context;
  if (!settings.results.redact) return undefined;
  const tags = new Secret(scope, 'RedactionKey', {
    secretName: `${names.prefix}-redaction-key`,
    description: 'Makes the tags and content hashes of results in which personal data is hidden',
    generateSecretString: { passwordLength: 64, excludePunctuation: true },
    removalPolicy,
  });
  acknowledge(
    tags,
    'SMG4',
    'Another key would give the same person another tag, and a replay another key in the table.',
  );
  const parked = new Key(scope, 'ParkedKey', {
    description: 'Records that could not be processed, with the personal data that they hold',
    enableKeyRotation: true,
    removalPolicy,
  });
  return { tags, parked };
}

/** Hands the key of the tags to a function, by reference: the template does not hold it. */
export const redactionEnvironment = (keys: RedactionKeys | undefined): Record<string, string> =>
  keys ? { SPANSTREAM_REDACT_KEY: keys.tags.secretValue.unsafeUnwrap() } : {};
