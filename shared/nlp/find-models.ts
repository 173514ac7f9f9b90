import { access } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { ModelError } from '../errors.ts';
import { kindOf } from './engine/route.ts';
import { type ManifestModel, readManifest } from './manifest.ts';
import { type ModelFolder, readModelFolder } from './model-folder.ts';
import type { HeadTask } from './task.ts';
import type { TaskName } from './types.ts';

/** Which models an engine is to have. */
export interface WantedModels {
  readonly modelsDirectory: string;
  /** Names in the manifest or folders, most preferred first; all of the manifest where left out. */
  readonly models?: readonly string[];
  readonly tasks?: readonly TaskName[];
}

/**
 * Finds the models that have something to do, each with those of its heads that have: of the tasks that are wanted, in a
 * language that no model before it serves.
 *
 * @throws {ModelError} where there is none, or one cannot be read
 */
export async function findModels(wanted: WantedModels): Promise<ModelFolder[]> {
  const { modelsDirectory } = wanted;
  const manifest = await readManifest(modelsDirectory);
  const entries = manifest?.models ?? [];
  const candidates = await Promise.all(
    wanted.models?.map(
      async (name) =>
        entries.find((entry) => entry.name === name) ??
        readModelFolder(await findFolder(modelsDirectory, name)),
    ) ?? entries,
  );
  const useful = createSelection(wanted.tasks);
  const chosen = candidates.flatMap((candidate) => {
    const used = useful(
      candidate.heads.map(({ task, name = candidate.name, languages = candidate.languages }) => ({
        task,
        name,
        languages,
      })),
    );
    return used.some(Boolean) ? [{ candidate, used }] : [];
  });
  if (chosen.length === 0) {
    const named = wanted.models && candidates[0];
    if (named) {
      const served = [...new Set(named.heads.map(({ task }) => task))].join(', ');
      throw new ModelError(`${named.name} is for ${served}, not for ${wanted.tasks?.join(', ')}`);
    }
    const path = `${modelsDirectory}/manifest.json`;
    throw new ModelError(
      manifest ? `${path} names no model that was asked for` : `${path} is missing`,
    );
  }
  return Promise.all(
    chosen.map(async ({ candidate, used }) => {
      const folder = isEntry(candidate)
        ? await readModelFolder(join(modelsDirectory, candidate.name), candidate)
        : candidate;
      return { ...folder, heads: folder.heads.filter((_, index) => used[index]) };
    }),
  );
}

const isEntry = (candidate: ManifestModel | ModelFolder): candidate is ManifestModel =>
  !('directory' in candidate);

async function findFolder(modelsDirectory: string, wanted: string): Promise<string> {
  for (const directory of isAbsolute(wanted)
    ? [wanted]
    : [join(modelsDirectory, wanted), resolve(wanted)]) {
    const present = await access(directory).then(
      () => true,
      () => false,
    );
    if (present) return directory;
  }
  throw new ModelError(
    `${wanted} is neither a model of ${modelsDirectory}/manifest.json nor a folder`,
  );
}

interface Candidate {
  readonly task: HeadTask;
  readonly name: string;
  readonly languages: readonly string[];
}

/** Tells of each head of one model after the other whether it has anything to do. */
function createSelection(tasks: readonly TaskName[] | undefined) {
  const served = new Map<string, Set<string>>();
  const isWanted = (task: TaskName): boolean =>
    tasks === undefined ||
    tasks.includes(task) ||
    // Among which names and places of personal data are found.
    (task === 'entities' && tasks.includes('pii'));
  return (heads: readonly Candidate[]): boolean[] =>
    heads.map(({ languages, ...head }) => {
      if (!isWanted(head.task)) return false;
      const kind = kindOf(head);
      const before = served.get(kind) ?? new Set();
      served.set(kind, before);
      const isUseful = !before.has('*') && languages.some((language) => !before.has(language));
      for (const language of languages) before.add(language);
      return isUseful;
    });
}
