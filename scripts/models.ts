import { join } from 'node:path';
import { interruptible } from '#shared/cli/interrupt.ts';
import { createProgress, type Progress } from '#shared/cli/progress.ts';
import { callOf, createCommand, print, runCommand } from '#shared/cli/run-command.ts';
import { ModelError, messageOf } from '#shared/errors.ts';
import { checkFile } from '#shared/nlp/file-sums.ts';
import { type Manifest, readManifest } from '#shared/nlp/manifest.ts';
import { modelsDirectory } from './models-directory.ts';
import { sentenceOf } from './pull/description.ts';
import { hubOf } from './pull/hub.ts';
import { parseHubId } from './pull/hub-id.ts';
import { pullModel } from './pull/pull-model.ts';

interface Options {
  models?: string;
  json?: boolean;
}

async function manifestOf(models: string): Promise<Manifest> {
  const manifest = await readManifest(models);
  if (manifest) return manifest;
  throw new ModelError(`${join(models, 'manifest.json')} is missing`);
}

async function list(options: Options): Promise<void> {
  const { models } = await manifestOf(options.models ?? modelsDirectory());
  const lines = models.map((model) => {
    const megabytes = model.files.reduce((sum, file) => sum + file.bytes, 0) / 1e6;
    return `${model.name}  ${model.heads.map(({ task }) => task).join(', ')}  ${megabytes.toFixed(1)} MB  ${model.licence}  ${model.revision}`;
  });
  print(lines, options.json && { models });
}

async function verify(options: Options): Promise<void> {
  const directory = options.models ?? modelsDirectory();
  const { models } = await manifestOf(directory);
  const faults: string[] = [];
  let files = 0;
  for (const model of models) {
    for (const file of model.files) {
      files += 1;
      await checkFile(join(directory, model.name, file.path), file).catch((error: unknown) =>
        faults.push(messageOf(error)),
      );
    }
  }
  const summary = `${files - faults.length} of ${files} files are as the manifest says`;
  print([...faults, summary], options.json && { files, faults });
  if (faults.length > 0) process.exitCode = 1;
}

async function pull(id: string, options: Options): Promise<void> {
  const hubId = parseHubId(id);
  const hub = hubOf(process.env);
  const { entry, fetched } = await interruptible(async (signal) => {
    let progress: Progress | undefined;
    try {
      return await pullModel({
        id: hubId,
        modelsDirectory: options.models ?? 'models',
        hub,
        signal,
        onDescription(description, runs) {
          const verdict = runs ? 'such models run' : 'it cannot run';
          progress?.say(`${hubId.name}: ${sentenceOf(description)}; ${verdict}`);
        },
        onBytes(done, total) {
          const inKilobytes = (bytes: number) => Math.ceil(bytes / 1_000);
          progress ??= createProgress({ label: hubId.name, total: inKilobytes(total), unit: 'kB' });
          progress.update(inKilobytes(done));
        },
      });
    } finally {
      progress?.stop();
    }
  });
  const what = fetched
    ? `${entry.files.length} files`
    : 'it is there already, and its files are as the manifest says';
  print([`${entry.name} at ${entry.revision}: ${what}`], options.json && { ...entry, fetched });
}

const command = createCommand('models', 'Lists, checks and fetches models.').option(
  '--models <folder>',
  'folder with the models and their manifest (default: models; where it has none, the bundled ones are read)',
);
command
  .command('list')
  .description('Shows what the manifest names.')
  .action(() => list(command.opts()));
command
  .command('verify')
  .description('Compares every file with its SHA-256 sum; names what is missing or altered.')
  .action(() => verify(command.opts()));
command
  .command('pull')
  .argument('<id>', 'owner/name, with @revision (branch, tag or commit) for another than main')
  .description('Fetches a model from the Hugging Face Hub and adds it to the manifest.')
  .addHelpText(
    'after',
    `
The manifest keeps the commit that the revision names. The model is put in its place only when it is whole and
runs; a pull that fails or is ended by Ctrl-C changes nothing. Settings that its entry had stay.

Environment:
  HF_ENDPOINT   the Hub, or a mirror of it (default: https://huggingface.co)
  HF_TOKEN      token for models that are not public

Example:
  ${callOf('models')} pull Xenova/bert-base-NER@main`,
  )
  .action((id: string) => pull(id, command.opts()));
await runCommand(command);
