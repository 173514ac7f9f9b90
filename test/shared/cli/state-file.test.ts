import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { openStateFile } from '#shared/cli/state-file.ts';
import { ConfigurationError } from '#shared/errors.ts';

const schema = z.strictObject({ done: z.int() });
const job = { source: null, inputs: [{ name: 'a.jsonl', size: 3 }] };
let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spanstream-state-'));
  file = join(folder, 'state.json');
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(() => rm(file, { force: true }));
const open = (other: object = job, command = 'produce') =>
  openStateFile(file, command, other as typeof job, schema);

describe('a state file', () => {
  it('gives back what was saved last, and nothing once it is removed', async () => {
    const first = open();
    first.save({ done: 1 });
    first.save({ done: 2 });

    expect(first.state).toBeUndefined();
    expect(open().state).toEqual({ done: 2 });
    expect(await readdir(folder)).toEqual(['state.json']);
    open().remove();
    expect(open().state).toBeUndefined();
  });

  it.each<[string, object, string, RegExp]>([
    ['another source', { ...job, source: 'news' }, 'produce', /source is null and not "news":/],
    [
      'a file that changed',
      { ...job, inputs: [{ name: 'a.jsonl', size: 4 }] },
      'produce',
      /inputs is \[\{.*"size":3\}\] and not \[\{.*"size":4\}\]:/,
    ],
    ['something more', { ...job, loop: 2 }, 'produce', /loop is null and not 2:/],
    ['another command', job, 'replay', /of npm run produce:/],
  ])('is not of %s, and says in what it differs', (_, other, command, sentence) => {
    open().save({ done: 1 });

    expect(() => open(other, command)).toThrow(ConfigurationError);
    expect(() => open(other, command)).toThrow(sentence);
  });

  it.each(['', '{', '[]', '{"command":"produce","job":{},"state":{"done":"x"}}', '{"id":"a"}'])(
    'leaves a file that holds %j as it is',
    async (content) => {
      await writeFile(file, content);

      expect(() => open()).toThrow(/state\.json is no file that --resume has written: /);
      expect(await readFile(file, 'utf8')).toBe(content);
    },
  );

  it('names what cannot be written', () => {
    const missing = openStateFile(join(folder, 'no', 'state.json'), 'produce', job, schema);

    expect(() => missing.save({ done: 1 })).toThrow(/no\/state\.json cannot be written: ENOENT/);
  });
});
