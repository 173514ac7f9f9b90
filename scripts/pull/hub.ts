import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  downloadFile,
  HubApiError,
  type ListFileEntry,
  listFiles,
  modelInfo,
} from '@huggingface/hub';
import { ConfigurationError, ModelError, messageOf } from '#shared/errors.ts';
import { primaryTagOf } from '#shared/nlp/language/primary-tag.ts';

const DEFAULT_ENDPOINT = 'https://huggingface.co';

/** One model of the Hub. */
export type HubModel = ReturnType<typeof openHubModel>;

/** Where the Hub is, and who asks: `HF_ENDPOINT` and `HF_TOKEN`, as its own tools read them. */
export function hubOf(environment: NodeJS.ProcessEnv): { endpoint: string; token?: string } {
  const endpoint = (environment.HF_ENDPOINT || DEFAULT_ENDPOINT).replace(/\/+$/, '');
  if (!URL.canParse(endpoint) || !/^https?:/.test(endpoint)) {
    throw new ConfigurationError(`HF_ENDPOINT must be an http or https address, not ${endpoint}`);
  }
  return { endpoint, ...(environment.HF_TOKEN && { token: environment.HF_TOKEN }) };
}

/** A model as the Hub serves it; every fault says which model, which Hub and why. */
export function openHubModel(
  name: string,
  hub: { endpoint: string; token?: string },
  signal: AbortSignal,
) {
  const access = {
    hubUrl: hub.endpoint,
    ...(hub.token !== undefined && { accessToken: hub.token }),
    fetch: (input: string | URL | Request, init?: RequestInit) => fetch(input, { ...init, signal }),
  };
  const repo = { type: 'model' as const, name };
  const asked = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ModelError) throw error;
      throw new ModelError(`${name} cannot be fetched from ${hub.endpoint}: ${reasonOf(error)}`, {
        cause: error,
      });
    }
  };
  return {
    /** The commit that a branch, tag or commit names, and the licence of the model's card. */
    resolve: (revision: string) =>
      asked(async () => {
        const additionalFields = ['sha' as const, 'cardData' as const];
        const { sha, cardData } = await modelInfo({ ...access, name, revision, additionalFields });
        if (!/^[0-9a-f]{40}$/.test(sha)) {
          throw new ModelError(`${hub.endpoint} names no commit of ${name} at ${revision}`);
        }
        const languages = languagesOf(cardData?.language);
        return { commit: sha, licence: String(cardData?.license ?? 'unknown'), languages };
      }),
    /** Every file at a commit, by path. */
    files: (commit: string) =>
      asked(async () => {
        const found = new Map<string, ListFileEntry>();
        const listed = listFiles({ ...access, repo, revision: commit, recursive: true });
        for await (const file of listed) if (file.type === 'file') found.set(file.path, file);
        return found;
      }),
    /** Writes a file of a commit to a path; `onBytes` is told how many more came. */
    fetch: (commit: string, path: string, target: string, onBytes?: (bytes: number) => void) =>
      asked(async () => {
        // Over plain HTTP: the Hub serves every file so, and what it says it sends is checked afterwards.
        const blob = await downloadFile({ ...access, repo, revision: commit, path, xet: false });
        if (blob === null) throw new ModelError(`${name} has no ${path} at ${commit}`);
        await mkdir(dirname(target), { recursive: true });
        const counted = async function* (chunks: AsyncIterable<Uint8Array>) {
          for await (const chunk of chunks) {
            onBytes?.(chunk.length);
            yield chunk;
          }
        };
        await pipeline(blob.stream(), counted, createWriteStream(target));
      }),
  };
}

const canonical = (tag: string): string => primaryTagOf(tag) ?? tag;

/** Primary tags of what a card says; any language where it says nothing, or `multilingual`. */
function languagesOf(language: unknown): string[] {
  const tags = [language].flat().map((tag) => String(tag).toLowerCase().split(/[-_]/)[0] ?? '');
  const known = [...new Set(tags.filter((tag) => /^[a-z]{2,3}$/.test(tag)).map(canonical))];
  const isForAll = ['multilingual', 'mul'].some((tag) => tags.includes(tag));
  return known.length === 0 || isForAll ? ['*'] : known;
}

function reasonOf(error: unknown): string {
  if (error instanceof HubApiError) {
    const [said] = error.message.split('. URL:');
    // The Hub does not tell a stranger which of the two it is.
    const hint = error.statusCode === 401 ? ': it does not exist, or needs HF_TOKEN' : '';
    return `${said} (status ${error.statusCode}${hint})`;
  }
  // `fetch` hides why it failed in the cause.
  return error instanceof Error && error.cause ? messageOf(error.cause) : messageOf(error);
}
