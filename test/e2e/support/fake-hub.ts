import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, relative, sep } from 'node:path';

/** A repository of the fake hub. */
export interface FakeRepository {
  /** 40 hex digits. */
  commit: string;
  licence?: string;
  language?: string | string[];
  files: Map<string, Buffer>;
  /** What the listing says of a file where it is not the truth. */
  listedSize?: (path: string) => number | undefined;
}

/** What a folder holds, as the files of a repository. */
export async function filesOf(folder: string): Promise<Map<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(
      paths.sort().map(async (path) => {
        const name = relative(folder, path).split(sep).join('/');
        return [name, await readFile(path)] as const;
      }),
    ),
  );
}

const isLarge = (path: string): boolean => path.includes('.onnx');
const sha256 = (data: Buffer): string => createHash('sha256').update(data).digest('hex');
const gitHash = (data: Buffer): string =>
  createHash('sha1').update(`blob ${data.length}\0`).update(data).digest('hex');

async function listen(listener: RequestListener): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer(listener);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/**
 * A Hugging Face Hub with a few repositories, as far as a pull sees it: model information at a revision, a listing in pages, and
 * files by redirection, large ones to another server.
 */
export async function startFakeHub(repositories: Readonly<Record<string, FakeRepository>>) {
  const requests: { path: string; authorization: string | undefined; store: boolean }[] = [];
  /** Paths whose bytes break off in the middle. */
  const broken = new Set<string>();
  /** Paths that are never sent to their end, and who wants to know of it. */
  const stalled = new Map<string, () => void>();

  const store = await listen((request, response) => {
    requests.push(seen(request, true));
    const path = decodeURIComponent(request.url ?? '').split('/-/')[1] ?? '';
    const commit = (request.url ?? '').split('/')[1];
    const repository = Object.values(repositories).find((one) => one.commit === commit);
    send(response, path, repository?.files.get(path), request.headers.range);
  });
  const hub = await listen((request, response) => {
    requests.push(seen(request, false));
    const url = new URL(request.url ?? '', hub.url);
    const [, api, name, rest = ''] =
      /^\/(api\/models\/|api\/resolve-cache\/models\/)?([^/]+\/[^/]+)\/(.*)$/.exec(
        decodeURIComponent(url.pathname),
      ) ?? [];
    const repository = repositories[name ?? ''];
    if (!repository) return fail(response, 401, 'Invalid username or password.');
    const [verb, revision = ''] = rest.split('/');
    const known = ['main', 'v1', repository.commit].includes(revision);
    if (api === 'api/models/' && verb === 'revision') {
      if (!known) return fail(response, 404, `Invalid rev id: ${revision}`);
      return json(response, informationOf(name ?? '', repository));
    }
    if (api === 'api/models/' && verb === 'tree' && known) {
      const page = Number(url.searchParams.get('cursor') ?? 0);
      const entries = entriesOf(repository);
      if (page + 3 < entries.length) {
        url.searchParams.set('cursor', String(page + 3));
        response.setHeader('Link', `<${url.href}>; rel="next"`);
      }
      return json(response, entries.slice(page, page + 3));
    }
    if (api === 'api/resolve-cache/models/') {
      const path = rest.slice(rest.indexOf('/') + 1);
      return send(response, path, repository.files.get(path), request.headers.range);
    }
    if (verb === 'resolve' && known) {
      const path = rest.split('/').slice(2).join('/');
      const data = repository.files.get(path);
      if (!data) {
        response.setHeader('X-Error-Code', 'EntryNotFound');
        return fail(response, 404, 'Entry not found');
      }
      response.setHeader('X-Linked-Size', data.length);
      response.setHeader('X-Linked-ETag', `"${isLarge(path) ? sha256(data) : gitHash(data)}"`);
      response.statusCode = isLarge(path) ? 302 : 307;
      const target = isLarge(path)
        ? `${store.url}/${repository.commit}/-/${encodeURIComponent(path)}`
        : `/api/resolve-cache/models/${name}/${repository.commit}/${path}`;
      return response.setHeader('Location', target).end();
    }
    return fail(response, 404, 'Not found');
  });

  function send(
    response: ServerResponse,
    path: string,
    data: Buffer | undefined,
    range?: string,
  ): void {
    if (!data) {
      fail(response, 404, 'Entry not found');
      return;
    }
    response.setHeader('ETag', `"${gitHash(data)}"`);
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
    if (from !== undefined && to !== undefined) {
      response.statusCode = 206;
      response.setHeader('Content-Range', `bytes ${from}-${to}/${data.length}`);
      response.end(data.subarray(Number(from), Number(to) + 1));
      return;
    }
    response.setHeader('Content-Length', data.length);
    const half = data.subarray(0, data.length >> 1);
    if (broken.has(path)) response.write(half, () => response.destroy());
    else if (stalled.has(path)) response.write(half, () => stalled.get(path)?.());
    else response.end(data);
  }

  return {
    url: hub.url,
    requests,
    broken,
    stalled,
    async close() {
      await Promise.all([hub.close(), store.close()]);
    },
  };
}

function seen(request: Parameters<RequestListener>[0], store: boolean) {
  const { authorization } = request.headers;
  return { path: request.url ?? '', authorization, store };
}

function informationOf(name: string, repository: FakeRepository): unknown {
  const { commit, licence, language } = repository;
  return {
    _id: '621ffdc036468d709f17434d',
    id: name,
    sha: commit,
    private: false,
    gated: false,
    downloads: 1,
    likes: 0,
    lastModified: '2025-01-02T03:04:05.000Z',
    ...(licence !== undefined && { cardData: { license: licence, language } }),
  };
}

function entriesOf({ files, listedSize }: FakeRepository): unknown[] {
  const folders = new Set(
    [...files.keys()].filter((path) => path.includes('/')).map((path) => path.split('/')[0]),
  );
  return [
    ...[...folders].map((path) => ({ type: 'directory', oid: '0'.repeat(40), size: 0, path })),
    ...[...files].map(([path, data]) => ({
      type: 'file',
      oid: gitHash(data),
      size: listedSize?.(path) ?? data.length,
      path,
      ...(isLarge(path) && { lfs: { oid: sha256(data), size: data.length, pointerSize: 131 } }),
    })),
  ];
}

function json(response: ServerResponse, value: unknown): void {
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.end(JSON.stringify(value));
}

function fail(response: ServerResponse, status: number, error: string): void {
  response.statusCode = status;
  json(response, { error });
}
