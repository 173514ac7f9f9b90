import { readFile } from 'node:fs/promises';
import { extname, join, relative, resolve } from 'node:path';
import type { HttpAnswer } from '#local/services/http-server.ts';
import { consoleHeaders } from '#shared/contracts/console.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webp': 'image/webp',
};

/** The names of files there hold a hash of what is in them. */
const isImmutable = (path: string): boolean => path.startsWith('/assets/');

/** A file of a folder by its path in the address, with the headers of the page; undefined where there is none. */
export async function staticFile(folder: string, path: string): Promise<HttpAnswer | undefined> {
  const name = decoded(path === '/' ? '/index.html' : path);
  const type = name === undefined ? undefined : TYPES[extname(name)];
  if (name === undefined || type === undefined) return undefined;
  const file = resolve(join(folder, name));
  if (relative(folder, file).startsWith('..')) return undefined;
  const body = await readFile(file).catch(() => undefined);
  if (!body) return undefined;
  return {
    headers: {
      ...consoleHeaders,
      'content-type': type,
      'cache-control': isImmutable(path) ? 'public, max-age=31536000, immutable' : 'no-cache',
    },
    body,
  };
}

function decoded(path: string): string | undefined {
  try {
    const name = decodeURIComponent(path);
    return name.includes('\0') ? undefined : name;
  } catch {
    return undefined;
  }
}
