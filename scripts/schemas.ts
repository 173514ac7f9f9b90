import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as z from 'zod';
import { createCommand, print, runCommand } from '#shared/cli/run-command.ts';
import { resultSchema } from '#shared/contracts/result.ts';
import { textRecordSchema } from '#shared/contracts/text-record.ts';
import { failureObjectSchema } from '#shared/dead-letters/object.ts';

/** What the schemas are made from, and what a reader must know that they cannot say. */
const contracts: Readonly<Record<string, { title: string; description: string; of: z.ZodType }>> = {
  'text-record': {
    title: 'Text record',
    description:
      'What a producer puts on the stream: one text as UTF-8 JSON. All that is valid passes this schema, but it cannot say all of the rules: a text has at most 102,400 bytes of UTF-8, where maxLength counts characters; a text or question of control, format or other invisible characters alone is blank; no string may have a lone surrogate; createdAt must be a time that there is; language must be well-formed.',
    of: textRecordSchema,
  },
  result: {
    title: 'Result',
    description:
      'What the models said of one text: an item of the results table, with its numbers as JSON, or a result of the HTTP API, which is without the keys of the table. Offsets count UTF-16 code units, which are not the characters or bytes of most languages. An item that would pass 400 KB has `packed` in place of text, entities, tags and pii, and does not pass this schema; the HTTP API gives it whole. Later versions may add fields.',
    of: resultSchema.partial({ pk: true, sk: true, sourceKey: true, sourceOrder: true }),
  },
  failure: {
    title: 'Failure object',
    description:
      'One record that can never succeed, as it lies under rejected/ in the failures bucket. What lies under aws/lambda/ is in a form of AWS Lambda.',
    of: failureObjectSchema,
  },
};

/** JSON Schemas (draft 2020-12) of what goes in and comes out, by the name of their file in `docs/schemas/`. */
export function jsonSchemas(): Record<string, object> {
  return Object.fromEntries(
    Object.entries(contracts).map(([name, { title, description, of }]) => {
      const { $schema, ...schema } = z.toJSONSchema(of, {
        // A reader must let pass what a later version adds, as the contract does: `output` would refuse it.
        io: 'input',
        // Base64 is no format of the standard's, and stops strict validators; the pattern says as much.
        override: ({ jsonSchema }) => void delete jsonSchema.format,
      });
      const head = { $schema, $id: `urn:spanstream:${name}`, title, description };
      return [`${name}.schema.json`, { ...head, ...schema }];
    }),
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const command = createCommand('schemas', 'Makes the JSON Schemas of the contracts.')
    .option('--outdir <dir>', 'folder to write to', 'docs/schemas')
    .action(async ({ outdir, json }: { outdir: string; json?: boolean }) => {
      await mkdir(resolve(outdir), { recursive: true });
      const made = Object.entries(jsonSchemas());
      for (const [file, schema] of made) {
        await writeFile(join(resolve(outdir), file), `${JSON.stringify(schema, null, 2)}\n`);
      }
      const files = made.map(([file]) => join(outdir, file));
      print(files, json && { files });
    });
  await runCommand(command);
}
