import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResultItem } from '#shared/contracts/result.ts';
import { parseSettings } from '#shared/settings.ts';
import { type LocalStack, startLocalStack } from '#stacks/local/stack.ts';
import { waitFor } from '#test/conformance/support/wait-for.ts';
import { type Folders, makeFolder, makeFolders, tinyModels } from '../support/folders.ts';
import { lastJson, runCommand, startCommand } from '../support/run-command.ts';

const settings = {
  environmentName: 'commands',
  standingQuestions: { tickets: ['Who was late?'] },
  inference: { mapping: { batchingWindowSeconds: 0 } },
  metrics: { mapping: { batchingWindowSeconds: 0 } },
};
const patience = { timeoutMs: 120_000, everyMs: 100 };
const tickets = [
  { id: 'asked', text: 'Ada Lovelace met Siemens in Munich.', questions: ['Who met Siemens?'] },
  { id: 'standing', text: 'The train from Oslo to Bergen was late.' },
  { id: 'plain', text: 'It rained.\u001b[31m All day.', attributes: { from: 'Bergen' } },
  { id: 'said', text: 'Ada lived in London.', language: 'en', tasks: ['entities', 'pii'] },
  { id: 'finer', text: 'Ada lived in Paris.', language: 'en-GB', createdAt: '2026-01-31T12:00Z' },
].map((record) => ({ source: 'tickets', ...record }));
const notes = Array.from({ length: 250 }, (_, n) => ({
  ...{ id: `note-${n}`, text: `Note ${n} is about Oslo.`, source: 'notes' },
}));

let folders: Folders;
let folder: Awaited<ReturnType<typeof makeFolder>>;
let stack: LocalStack;

async function start(defaultLanguage: string, ports: Record<string, number> = {}) {
  const given = { ...settings, defaultLanguage };
  stack = await startLocalStack({
    ...folders,
    ports,
    settings: parseSettings(given),
    modelsDirectory: tinyModels,
  });
  await writeFile(join(folder.path, 'spanstream.config.json'), JSON.stringify(given));
}
const portsOf = ({ endpoints }: LocalStack) =>
  Object.fromEntries(
    Object.entries(endpoints).map(([name, url]) => [name, Number(new URL(url).port)]),
  );

beforeAll(async () => {
  [folders, folder] = await Promise.all([makeFolders(), makeFolder()]);
  await start('en');
});
afterAll(async () => {
  await stack?.close();
  await folder?.remove();
  await folders?.remove();
});

async function put(...blobs: readonly (object | string)[]): Promise<void> {
  const since = Date.now();
  await stack.clients.kinesis.send(
    new PutRecordsCommand({
      StreamName: stack.names.stream,
      Records: blobs.map((blob, n) => ({
        Data: Buffer.from(typeof blob === 'string' ? blob : JSON.stringify(blob)),
        PartitionKey: String(n),
      })),
    }),
  );
  await waitFor(async () => stack.idle(since), { what: 'all to be processed', ...patience });
}

const input = () => ({
  cwd: folder.path,
  env: { ...stack.environment, SPANSTREAM_HTTP_URL: stack.endpoints.http },
});
const results = (...args: string[]) => runCommand('scripts/results.ts', args, input());
const replay = (...args: string[]) =>
  runCommand('producers/commands/replay.ts', [...args, '--json'], input());
const linesOf = (out: string) =>
  out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ResultItem & { reason?: string });

describe('results', () => {
  it('follows every source over a restart of the stack, and tells each result once, and rejections', async () => {
    // Act
    const following = startCommand('scripts/results.ts', ['--follow', '--json'], input());
    await following.saying(/following/);
    await put(...tickets.slice(0, 3), '{"id":');
    await following.printing(/invalid-json/);
    const ports = portsOf(stack);
    await stack.close();
    await following.saying(/cannot be read, trying again/);
    await start('en', ports);
    await put(...tickets);
    // Of two shards, so in either order.
    await Promise.all([following.printing(/"said"/), following.printing(/"finer"/)]);
    following.interrupt();
    const { code, out } = await following.ended;

    // Assess
    expect(code).toBe(130);
    const told = linesOf(out).slice(0, -1);
    const ids = told.map(({ id, reason }) => id ?? reason).sort();
    expect(ids).toEqual([...tickets.map(({ id }) => id), 'invalid-json'].sort());
    expect(lastJson(out)).toMatchObject({ results: 5, rejected: 1 });
  });

  it('follows on behind what is stored, and tells nothing twice', async () => {
    const args = ['--follow', '--source', 'notes', '--since', '1h', '--json'];
    await put(...notes.slice(0, 100));

    const following = startCommand('scripts/results.ts', args, input());
    await following.saying(/following/);
    await put(...notes.slice(50));
    await following.printing(/"note-249"/);
    await following.printing(/(?:\{"id".*\n){250}/);
    following.interrupt();
    const { out } = await following.ended;

    const ids = linesOf(out).flatMap(({ id }) => id ?? []);
    expect(ids.sort()).toEqual(notes.map(({ id }) => id).sort());
  });

  it('lists a source from the oldest on, as the API has it', async () => {
    const { code, out } = await results('--source', 'tickets');

    expect(code).toBe(0);
    const listed = linesOf(out);
    expect(listed.map(({ id }) => id).sort()).toEqual(tickets.map(({ id }) => id).sort());
    const times = listed.map(({ arrivedAt }) => arrivedAt);
    expect(times).toEqual(times.toSorted());
    const answer = await fetch(`${stack.endpoints.http}/v1/records/asked`);
    const { results: read } = (await answer.json()) as { results: unknown[] };
    expect(listed.find(({ id }) => id === 'asked')).toEqual(read[0]);
  });

  it('lists all sources, or those with entities of a type, and shows these alone', async () => {
    const all = linesOf((await results()).out);
    const type = all.flatMap(({ entities }) => entities)[0]?.type ?? '';

    const some = linesOf((await results('--entities', type.toLowerCase())).out);

    expect(all).toHaveLength(255);
    expect(new Set(some.flatMap(({ entities }) => entities.map((one) => one.type)))).toEqual(
      new Set([type]),
    );
    const withType = all.filter(({ entities }) => entities.some((one) => one.type === type));
    expect(some.map(({ id }) => id)).toEqual(withType.map(({ id }) => id));
  });

  it('counts what is named most', async () => {
    const { out } = await results('--source', 'notes', '--top', '3', '--json');
    const counted = new Map<string, number>();
    for (const { entities } of linesOf((await results('--source', 'notes')).out)) {
      for (const { type, text } of entities) {
        counted.set(`${type} ${text}`, (counted.get(`${type} ${text}`) ?? 0) + 1);
      }
    }

    const { top, results: count } = lastJson(out) as {
      results: number;
      top: { type: string; text: string; mentions: number }[];
    };
    const most = [...counted.values()].sort((a, b) => b - a).slice(0, 3);
    expect(count).toBe(250);
    expect(top.map(({ mentions }) => mentions)).toEqual(most);
    for (const { type, text, mentions } of top)
      expect(counted.get(`${type} ${text}`)).toBe(mentions);
  });

  it('shows a result in colours where they are forced, and no escape of its text', async () => {
    const { out } = await runCommand('scripts/results.ts', ['--id', 'plain'], {
      ...input(),
      env: { ...stack.environment, FORCE_COLOR: '1' },
    });

    expect(out).toContain('tickets/plain');
    expect(out).toContain('\u241b');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for
    expect(out.replace(/\u001b\[(90|39|9?[1-7]|3[1-7])m/g, '')).not.toMatch(/\u001b/);
    expect(out).not.toContain('\u001b[31m All');
  });

  it('ends in silence when nobody reads on', async () => {
    const running = startCommand('scripts/results.ts', [], input());
    running.closeOutput();
    const { code, said } = await running.ended;

    expect({ code, said }).toEqual({ code: 141, said: '' });
  });

  it.each([
    [['--top', '3', '--follow'], 2, /exclude each other/],
    [['--since', 'yesterday'], 2, /an ISO 8601 time with a zone/],
    [['--source', 'a b'], 2, /must be 1 to 64/],
    [['--target', 'aws'], 1, /--target aws, but AWS_ENDPOINT_URL_DYNAMODB is http:/],
  ])('says in one line what is wrong with %j', async (args, wanted, sentence) => {
    const { code, said } = await results(...args);

    expect({ code, said }).toEqual({ code: wanted, said: expect.stringMatching(sentence) });
    expect(said.trimEnd().split('\n')).toHaveLength(1);
  });
});

describe('replay', () => {
  it('sends nothing of the pipeline that runs, and says so', async () => {
    const { code, out, said } = await replay('--from', '1h');

    expect(code).toBe(0);
    expect(said).toMatch(/^left out 255 of the pipeline that runs/m);
    expect(lastJson(out)).toMatchObject({ found: 255, replayed: 0, current: 255 });
  });

  it('makes of each stored text the result that its record would have under a new pipeline', async () => {
    // Prepare
    await fetch(`${stack.endpoints.http}/v1/entities`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id: 'asked-over-http', text: 'Ada lived in London.' }),
    });
    const before = linesOf((await results()).out).filter(({ source }) => source !== 'http');
    await stack.close();
    await start('de');

    // Act
    const since = Date.now();
    const estimate = await replay('--from', '1h', '--source', 'tickets', '--dry-run');
    const { code, out, said } = await replay('--from', '1h', '--source', 'tickets');
    await waitFor(async () => stack.idle(since), { what: 'the replay', ...patience });
    const after = linesOf((await results('--source', 'tickets')).out);

    // Assess
    expect(lastJson(estimate.out)).toMatchObject({ replayed: 0, estimate: { records: 5 } });
    expect(code).toBe(0);
    expect(said).toMatch(/^to send: 5 records, at 100 a second in about 1s, for about \$0\.0/m);
    expect(lastJson(out)).toMatchObject({ found: 5, replayed: 5, unlike: 1 });
    const versions = new Set(after.map(({ pipelineVersion }) => pipelineVersion));
    expect(versions.size).toBe(2);
    const asked = ({ id, text, source, questions, attributes, createdAt, tasks }: ResultItem) =>
      ({ id, text, source, questions, attributes, createdAt, tasks }) as object;
    for (const { id } of tickets) {
      const [old, made] = after.filter((one) => one.id === id);
      expect(old && made && asked(made)).toEqual(old && asked(old));
      // Of a finer tag than is stored, the record asks for another thing.
      if (id !== 'finer') expect(made?.contentHash).toBe(old?.contentHash);
    }
    const byId = (a: ResultItem, b: ResultItem) => (a.id < b.id ? -1 : 1);
    const old = before.filter(({ source }) => source === 'tickets');
    expect(after.slice(0, 5).sort(byId)).toEqual(old.sort(byId));
  });

  it('goes on where it was killed, and refuses to go on with another', async () => {
    // Prepare
    const args = ['--from', '1h', '--source', 'notes', '--resume'];
    const state = join(folder.path, '.spanstream-replay.json');

    // Act
    const since = Date.now();
    const running = startCommand(
      'producers/commands/replay.ts',
      [...args, '--rate', '50'],
      input(),
    );
    await waitFor(async () => /"done":[1-9]/.test(await readFile(state, 'utf8').catch(() => '')), {
      what: 'a page',
      ...patience,
    });
    running.signal('SIGKILL');
    await running.ended;
    const kept = await readFile(state, 'utf8');
    const other = await replay('--from', '2h', '--source', 'notes', '--resume');
    const { code, out } = await replay(...args);
    await waitFor(async () => stack.idle(since), { what: 'the replay', ...patience });

    // Assess
    expect(other.code).toBe(1);
    expect(other.said).toMatch(/another run, whose from is "1h" and not "2h"/);
    const { done } = JSON.parse(kept).state.counts as { done: number };
    expect([100, 200]).toContain(done);
    expect(code).toBe(0);
    expect(lastJson(out)).toMatchObject({ replayed: 250 });
    await expect(readFile(state)).rejects.toThrow(/ENOENT/);
    const made = linesOf((await results('--source', 'notes')).out);
    expect(made).toHaveLength(500);
  });

  it('needs a time to begin with', async () => {
    const { code, said } = await replay();

    expect({ code, said }).toEqual({ code: 2, said: expect.stringMatching(/--from <time>/) });
  });
});
