import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeLanguages, codeOf } from '../../../console/views/try-it/request-code.ts';

const run = promisify(execFile);

/** Texts that would end a string, or be read as code, or be seen as other code. */
const hostile = {
  quotes: `it's "quoted" '\\'' \`x\` \\n \\`,
  commands: '$(exit 1) $HOME `id` ; exit 1 & | > <',
  markup: '</script><img src=x onerror=alert(1)> {{x}} %s %d',
  words: 'true, false: null "true" : {"a": null}',
  controls: 'bell\u0007 nul\u0000 delete\u007f next\u0085 return\r\n tab\t end',
  directions: 'right\u202eto left\u2066isolate\u2069 mark\u200f',
  lines: 'line\u2028paragraph\u2029 space\u00a0',
  emoji: '👩🏽‍🚀 tag\u{e0061}\u{e007f} 日本語 עברית',
  surrogate: 'lone \ud83d here',
};

const programs = {
  curl: { file: 'request.sh', command: 'bash' },
  Python: { file: 'request.py', command: 'python3' },
  TypeScript: { file: 'request.mts', command: process.execPath },
} as const;

describe('a request as a program', () => {
  let folder: string;
  let apiUrl: string;
  let asked: { path: string | undefined; key: string | undefined; body: unknown }[];
  const server = createServer(async (request, response) => {
    const body: unknown = JSON.parse(await textOf(request));
    asked.push({ path: request.url, key: request.headers['x-api-key'] as string, body });
    response.setHeader('content-type', 'application/json').end('{"answered":true}');
  });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'spanstream-request-'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    server.close();
    await rm(folder, { recursive: true });
  });

  it.each(codeLanguages)('in %s asks for exactly what was typed', async (language, context) => {
    // Prepare
    const { file, command } = programs[language];
    await run(command, ['--version']).catch(() => context.skip(`there is no ${command}`));
    const body = {
      text: Object.values(hostile).join('\n'),
      questions: Object.values(hostile),
      tasks: ['entities'],
      store: false,
    };
    const path = join(folder, file);
    await writeFile(path, codeOf(language, { apiUrl, body, needsKey: true }));
    asked = [];

    // Act
    const args = language === 'TypeScript' ? ['--import', 'tsx', path] : [path];
    const { stdout } = await run(command, args, {
      env: { PATH: process.env.PATH, SPANSTREAM_API_KEY: 'the key' },
    });

    // Assess
    expect(stdout).toMatch(/answered/);
    expect(asked).toEqual([{ path: '/v1/analyze', key: 'the key', body }]);
  });

  it.each(codeLanguages)('in %s shows nothing that cannot be seen', (language) => {
    const body = { text: hostile.directions + hostile.controls + hostile.lines + hostile.emoji };

    const code = codeOf(language, { apiUrl, body, needsKey: false });

    expect(code.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  });
});
