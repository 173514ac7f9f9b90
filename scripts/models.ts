import { join } from 'node:path';
import { createCommand, runCommand } from '#shared/cli/run-command.ts';
import { ConfigurationError, ModelError, messageOf } from '#shared/errors.ts';
import { checkFile } from '#shared/nlp/file-sums.ts';
import { type Manifest, readManifest } from '#shared/nlp/manifest.ts';
import { pullModel } from './pull-model.ts';

interface Options {
  models: string;
  json?: boolean;
}

async function manifestOf(models: string): Promise<Manifest> {
  const manifest = await readManifest(models);
  if (manifest) return manifest;
  throw new ModelError(`${join(models, 'manifest.json')} is missing`);
}

function print(lines: readonly string[], value: unknown, options: Options): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
  if (options.json) process.stdout.write(`${JSON.stringify(value)}\n`);
}

async function list(options: Options): Promise<void> {
  const { models } = await manifestOf(options.models);
  const lines = models.map((model) => {
    const megabytes = model.files.reduce((sum, file) => sum + file.bytes, 0) / 1e6;
    return `${model.name}  ${model.task}  ${megabytes.toFixed(1)} MB  ${model.licence}  ${model.revision}`;
  });
  print(lines, { models }, options);
}

async function verify(options: Options): Promise<void> {
  const { models } = await manifestOf(options.models);
  const faults: string[] = [];
  let files = 0;
  for (const model of models) {
    for (const file of model.files) {
      files += 1;
      await checkFile(join(options.models, model.name, file.path), file).catch((error: unknown) =>
        faults.push(messageOf(error)),
      );
    }
  }
  const summary = `${files - faults.length} of ${files} files are as the manifest says`;
  print([...faults, summary], { files, faults }, options);
  if (faults.length > 0) process.exitCode = 1;
}

async function pull(id: string, options: Options): Promise<void> {
  const [name = '', revision = 'main', ...rest] = id.split('@');
  if (!/^[\w.-]+\/[\w.-]+$/.test(name) || revision === '' || rest.length > 0) {
    throw new ConfigurationError(`${id} must be owner/name or owner/name@revision`);
  }
  const entry = await pullModel({ name, revision, modelsDirectory: options.models });
  print([`${entry.name} at ${entry.revision}: ${entry.files.length} files`], entry, options);
}

const command = createCommand('models', 'Lists, checks and fetches models.').option(
  '--models <folder>',
  'folder with the models and their manifest',
  'models',
);
command
  .command('list')
  .description('shows what the manifest names')
  .action(() => list(command.opts()));
command
  .command('verify')
  .description('compares every file with its SHA-256 sum')
  .action(() => verify(command.opts()));
command
  .command('pull')
  .argument('<id>', 'owner/name, with @revision for another than main')
  .description('fetches a model from the Hugging Face Hub and adds it to the manifest')
  .action((id: string) => pull(id, command.opts()));
await runCommand(command);
