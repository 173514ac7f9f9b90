import { access, mkdir, mkdtemp, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ListFileEntry } from '@huggingface/hub';
import { InterruptedError } from '#shared/cli/interrupt.ts';
import { ModelError } from '#shared/errors.ts';
import { checkFile, sumFile } from '#shared/nlp/file-sums.ts';
import {
  type ManifestFile,
  type ManifestModel,
  manifestModelSchema,
  readManifest,
} from '#shared/nlp/manifest.ts';
import type { HeadTask } from '#shared/nlp/task.ts';
import { describe, type ModelDescription } from './description.ts';
import { externalData } from './external-data.ts';
import { type HubModel, type hubOf, openHubModel } from './hub.ts';
import type { HubId } from './hub-id.ts';
import { placeModel } from './place-model.ts';
import { checkKind, tryModel } from './trial.ts';
import { wantedFiles } from './wanted-files.ts';

/** What to pull, and where it goes. */
export interface PullOptions {
  readonly id: HubId;
  readonly modelsDirectory: string;
  readonly hub: ReturnType<typeof hubOf>;
  readonly signal: AbortSignal;
  /** Told, before a graph is fetched, what the model is and whether such a one runs; if not, the pull fails by the reason. */
  readonly onDescription?: (description: ModelDescription, runs: boolean) => void;
  /** Told of every piece that came. */
  readonly onBytes?: (done: number, total: number) => void;
}

/**
 * Fetches a model at one commit of the Hugging Face Hub into its own folder and adds it to the manifest. It is put in its
 * place only when it is whole, is what the Hub says it is, and runs; until then folder and manifest are as they were.
 *
 * @returns its entry, and whether it had to be fetched
 * @throws {ModelError} when the Hub cannot be reached, the model is of no kind that can be run, or its folder is another's
 * @throws {InterruptedError} when the signal aborts
 */
export async function pullModel(
  options: PullOptions,
): Promise<{ entry: ManifestModel; fetched: boolean }> {
  const { modelsDirectory, signal } = options;
  const { name, revision, folder: folderName } = options.id;
  const source = `${options.hub.endpoint}/${name}`;
  const present = await presentEntry(modelsDirectory, folderName, source);
  const model = openHubModel(name, options.hub, signal);
  const made = await mkdir(modelsDirectory, { recursive: true });
  const staging = await mkdtemp(join(modelsDirectory, '.pull-'));
  const ready = join(staging, 'ready');
  const done = { files: 0, of: 0 };
  try {
    const { commit, licence, languages } = await model.resolve(revision);
    if (present?.revision === commit && (await isIntact(modelsDirectory, present))) {
      return { entry: present, fetched: false };
    }
    const files = await fetchAll(options, model, { commit, languages, ready, done });
    const folder = await tryModel(ready);
    const entry = manifestModelSchema.parse({
      name: folderName,
      revision: commit,
      source,
      licence,
      maximumLength: folder.maximumLength,
      // Made by hand, and not the Hub's to take away.
      languages: present?.languages ?? languages,
      heads: folder.heads.map(({ task, labels }) => ({
        task,
        ...(labels.length > 0 && { labels }),
        ...settingsOf(present, task),
      })),
      files,
    });
    signal.throwIfAborted();
    await placeModel(modelsDirectory, entry, { ready, aside: join(staging, 'aside') });
    return { entry, fetched: true };
  } catch (error) {
    if (signal.aborted) {
      const of = done.of === 0 ? '' : ` of ${done.of}`;
      throw new InterruptedError(`${done.files}${of} files were fetched; nothing was changed`);
    }
    if (!(error instanceof ModelError)) throw error;
    throw new ModelError(error.message.replaceAll(ready, name), { cause: error });
  } finally {
    await rm(staging, { recursive: true, force: true });
    // Gone again if it was made for nothing; what is in use is not empty.
    if (made !== undefined) await rmdir(modelsDirectory).catch(() => undefined);
  }
}

function settingsOf(entry: ManifestModel | undefined, task: HeadTask) {
  const settings = entry?.heads.find((head) => head.task === task)?.settings;
  return settings && { settings };
}

/** The entry that a pull would replace. */
async function presentEntry(
  modelsDirectory: string,
  folder: string,
  source: string,
): Promise<ManifestModel | undefined> {
  const manifest = await readManifest(modelsDirectory);
  const entry = manifest?.models.find((model) => model.name === folder);
  const path = join(modelsDirectory, folder);
  if (entry && entry.source !== source) {
    throw new ModelError(`${path} holds another model, from ${entry.source}; it is left as it is`);
  }
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere && !entry) {
    throw new ModelError(`${path} is not in the manifest; it is left as it is`);
  }
  return entry;
}

async function isIntact(modelsDirectory: string, entry: ManifestModel): Promise<boolean> {
  try {
    for (const file of entry.files) {
      await checkFile(join(modelsDirectory, entry.name, file.path), file);
    }
    return true;
  } catch {
    return false;
  }
}

async function fetchAll(
  { id: { name }, onBytes, onDescription }: PullOptions,
  model: HubModel,
  to: {
    commit: string;
    languages: readonly string[];
    ready: string;
    done: { files: number; of: number };
  },
): Promise<ManifestFile[]> {
  const all = await model.files(to.commit);
  const { graph, small, large } = wantedFiles(name, all);
  const total = [...small, ...large].reduce((sum, { size }) => sum + size, 0);
  to.done.of = small.length + large.length;
  let bytes = 0;
  const fetchOne = async (listed: ListFileEntry): Promise<ManifestFile> => {
    const target = join(to.ready, listed.path);
    await model.fetch(to.commit, listed.path, target, (more) => {
      bytes += more;
      onBytes?.(bytes, total);
    });
    const sums = await sumFile(target);
    if (sums.bytes !== listed.size || (listed.lfs && sums.sha256 !== listed.lfs.oid)) {
      throw new ModelError(`${name}: ${listed.path} came damaged; try again`);
    }
    to.done.files += 1;
    return { path: listed.path, ...sums };
  };
  const files: ManifestFile[] = [];
  for (const file of small) files.push(await fetchOne(file));
  const description = await describe(to.ready, { languages: to.languages, graph, bytes: total });
  try {
    await checkKind(to.ready, graph);
    onDescription?.(description, true);
  } catch (error) {
    onDescription?.(description, false);
    throw error;
  }
  for (const file of large) files.push(await fetchOne(file));
  for (const path of await externalData(graph, join(to.ready, graph))) {
    if (files.some((file) => file.path === path)) continue;
    const listed = all.get(path);
    if (!listed) throw new ModelError(`${name} has no ${path}, where ${graph} keeps weights`);
    to.done.of += 1;
    files.push(await fetchOne(listed));
  }
  return files;
}
