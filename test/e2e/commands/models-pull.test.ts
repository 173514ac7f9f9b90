import { createHash } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ModelError } from '#shared/errors.ts';
import { createTextEngine } from '#shared/nlp/index.ts';
import { type Manifest, readManifest } from '#shared/nlp/manifest.ts';
import { hubOf } from '../../../scripts/pull/hub.ts';
import { parseHubId } from '../../../scripts/pull/hub-id.ts';
import { type PullOptions, pullModel } from '../../../scripts/pull/pull-model.ts';
import { type FakeRepository, filesOf, startFakeHub } from '../support/fake-hub.ts';
import { makeFolder, tinyModels } from '../support/folders.ts';
import { lastJson, runCommand, startCommand } from '../support/run-command.ts';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const LATER = 'fedcba9876543210fedcba9876543210fedcba98';
const families = fileURLToPath(new URL('../../../fixtures/families', import.meta.url));
const graph = 'onnx/model_quantized.onnx';
const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('hex');

let folder: Awaited<ReturnType<typeof makeFolder>>;
let models: string;
let repository: FakeRepository;
let hub: Awaited<ReturnType<typeof startFakeHub>>;

beforeEach(async () => {
  folder = await makeFolder();
  models = join(folder.path, 'models');
  repository = {
    commit: COMMIT,
    licence: 'apache-2.0',
    files: await filesOf(join(tinyModels, 'tiny-ner')),
  };
  hub = await startFakeHub({ 'acme/tiny-ner': repository });
});
afterEach(async () => {
  await hub.close();
  await folder.remove();
});

const commandOf = (id: string, env: Record<string, string> = {}) =>
  [
    'scripts/models.ts',
    ['pull', id, '--models', models, '--json'],
    { env: { HF_ENDPOINT: `${hub.url}/`, ...env } },
  ] as const;
const pull = (
  id = 'acme/tiny-ner',
  onDescription: NonNullable<PullOptions['onDescription']> = () => undefined,
) =>
  pullModel({
    onDescription,
    id: parseHubId(id),
    modelsDirectory: models,
    hub: hubOf({ HF_ENDPOINT: hub.url }),
    signal: new AbortController().signal,
  });

/** All that lies in the models folder, by path. */
async function state(): Promise<Record<string, string>> {
  const files = await filesOf(models).catch(() => new Map<string, Buffer>());
  return Object.fromEntries([...files].map(([path, data]) => [path, sha256(data)]));
}

/** Puts a model of another make into the folder, so that there is something to spoil. */
async function putOther(): Promise<Manifest['models'][number]> {
  const other = { ...(await tinyEntry('tiny-qa')), name: 'other' };
  for (const [path, data] of await filesOf(join(tinyModels, 'tiny-qa'))) {
    await mkdir(join(models, 'other', path, '..'), { recursive: true });
    await writeFile(join(models, 'other', path), data);
  }
  await writeManifest([other]);
  return other;
}

async function tinyEntry(name: string): Promise<Manifest['models'][number]> {
  const found = (await readManifest(tinyModels))?.models.find((model) => model.name === name);
  if (!found) throw new Error(`fixtures/tiny-model has no ${name}`);
  return found;
}

const writeManifest = (entries: Manifest['models']) =>
  writeFile(join(models, 'manifest.json'), JSON.stringify({ version: 2, models: entries }));

const isStored = ({ path, store }: { path: string; store: boolean }) =>
  store && path.includes(COMMIT);

describe('the command models pull', () => {
  it('fetches a model at a commit, which then verifies, loads and runs', async () => {
    // Act
    const { code, out, said } = await runCommand(...commandOf('acme/tiny-ner@v1'));

    // Assess
    const sentence =
      'acme/tiny-ner: BertForTokenClassification (bert, 9 labels), WordPiece tokenizer, for any language, ';
    expect({ code, said }).toEqual({ code: 0, said: expect.stringContaining(sentence) });
    expect(said).toMatch(/ \d\.\d MB with onnx\/model_quantized\.onnx; such models run\n/);
    const wanted = ['config.json', 'tokenizer.json', 'tokenizer_config.json', graph];
    const entry = {
      name: 'tiny-ner',
      revision: COMMIT,
      source: `${hub.url}/acme/tiny-ner`,
      licence: 'apache-2.0',
      maximumLength: 512,
      languages: ['*'],
      heads: (await tinyEntry('tiny-ner')).heads,
      files: wanted.map((path) => {
        const data = repository.files.get(path) ?? Buffer.alloc(0);
        return { path, bytes: data.length, sha256: sha256(data) };
      }),
    };
    expect(lastJson(out)).toEqual({ ...entry, fetched: true });
    expect(await readManifest(models)).toEqual({ version: 2, models: [entry] });
    expect(await readdir(models)).toEqual(['manifest.json', 'tiny-ner']);
    const verified = await runCommand('scripts/models.ts', ['verify', '--models', models]);
    expect(verified).toMatchObject({ code: 0, out: '4 of 4 files are as the manifest says\n' });
    const engine = await createTextEngine({ modelsDirectory: models, workers: 1 });
    const [outcome] = await engine.analyze([{ text: 'Ada Lovelace lived in London.' }]);
    await engine.close();
    expect(outcome?.ok).toBe(true);
    expect(hub.requests.filter(isStored)).not.toEqual([]);
  });

  it('shows its token to the Hub alone', async () => {
    const env = { HF_TOKEN: 'hf_secret' };

    const { code } = await runCommand(...commandOf('acme/tiny-ner', env));

    expect(code).toBe(0);
    const shown = (store: boolean) =>
      new Set(hub.requests.filter((one) => one.store === store).map((one) => one.authorization));
    expect(shown(false)).toEqual(new Set(['Bearer hf_secret']));
    expect(shown(true)).toEqual(new Set([undefined]));
  });

  it('refuses a name that would leave the folder, in one line, and asks nobody', async () => {
    const { code, said } = await runCommand(...commandOf('acme/..'));

    expect(code).toBe(1);
    expect(said).toMatch(/^models: acme\/\.\. must be owner\/name .*\n$/);
    expect(hub.requests).toEqual([]);
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('says that the Hub cannot be found where it is said to be', async () => {
    await hub.close();

    const { code, said } = await runCommand(...commandOf('acme/tiny-ner'));

    expect(code).toBe(1);
    expect(said).toMatch(/^models: acme\/tiny-ner cannot be fetched from http:.*ECONNREFUSED.*\n$/);
  });

  it('ends at Ctrl-C with what was done so far, and changes nothing', async () => {
    // Prepare
    await putOther();
    const before = await state();
    const underWay = new Promise<void>((stalled) => hub.stalled.set(graph, stalled));

    // Act
    const command = startCommand(...commandOf('acme/tiny-ner'));
    await underWay;
    command.interrupt();
    const { code, said } = await command.ended;

    // Assess
    expect(code).toBe(130);
    expect(said).toMatch(/models: interrupted: 3 of 4 files were fetched; nothing was changed\n$/);
    expect(await state()).toEqual(before);
    expect(await readdir(models)).toEqual(['manifest.json', 'other']);
  });
});

describe('pullModel', () => {
  it('fetches nothing a second time, and what is altered anew', async () => {
    // Prepare
    await pull();
    const before = await state();
    hub.requests.length = 0;

    // Act
    const again = await pull(`acme/tiny-ner@${COMMIT}`);
    const asked = hub.requests.filter(({ path }) => path.includes('/resolve/'));
    await writeFile(join(models, 'tiny-ner', graph), 'spoilt');
    const repaired = await pull();

    // Assess
    expect(again).toMatchObject({ fetched: false, entry: { revision: COMMIT } });
    expect(asked).toEqual([]);
    expect(repaired.fetched).toBe(true);
    expect(await state()).toEqual(before);
  });

  it('replaces a model by its later commit, in its place and with its settings', async () => {
    // Prepare
    const { entry } = await pull();
    const other = await putOther();
    const heads = entry.heads.map((head) => ({ ...head, settings: { aggregation: 'max' } }));
    await writeManifest([{ ...entry, heads }, other]);
    await writeFile(join(models, 'tiny-ner', 'left.txt'), 'of the earlier commit');
    repository.commit = LATER;
    repository.files.set('README.md', Buffer.from('# Tiny'));

    // Act
    await pull();

    // Assess
    const after = await readManifest(models);
    expect(after?.models.map(({ name, revision }) => [name, revision])).toEqual([
      ['tiny-ner', LATER],
      ['other', other.revision],
    ]);
    expect(after?.models[0]?.heads).toEqual(heads);
    const files = await readdir(join(models, 'tiny-ner'));
    expect(files).toContain('README.md');
    expect(files).not.toContain('left.txt');
  });

  const change = (path: string, fields: Record<string, unknown>) => {
    const now = JSON.parse(String(repository.files.get(path))) as Record<string, unknown>;
    repository.files.set(path, Buffer.from(JSON.stringify({ ...now, ...fields })));
  };
  it.each<[string, () => unknown, string | RegExp]>([
    [
      'an unsupported kind of model',
      () => change('config.json', { model_type: 'gpt2' }),
      'acme/tiny-ner/config.json: model_type gpt2 is not supported; known are albert, bert',
    ],
    [
      'an unsupported task',
      () => change('config.json', { architectures: ['BertForMaskedLM'] }),
      /^acme\/tiny-ner: .* BertForMaskedLM .* is for no task that is supported/,
    ],
    [
      'an unsupported tokenizer',
      () => change('tokenizer.json', { normalizer: { type: 'Stemmer' } }),
      'tokenizer.json: normalizer is Stemmer; supported is ',
    ],
    [
      'no tokenizer',
      () => repository.files.delete('tokenizer.json'),
      'acme/tiny-ner has no tokenizer.json',
    ],
    [
      'no graph',
      () => [graph, 'onnx/model.onnx'].map((path) => repository.files.delete(path)),
      'acme/tiny-ner has none of onnx/model_quantized.onnx',
    ],
    [
      'a graph that is none',
      () => repository.files.set(graph, Buffer.from('no graph')),
      'acme/tiny-ner/onnx/model_quantized.onnx',
    ],
    [
      'another number of labels than the graph has',
      () => change('config.json', { id2label: { 0: 'O', 1: 'B-PER' } }),
      "acme/tiny-ner: there are 2 labels for entities, but the graph's logits has 9 columns",
    ],
    [
      'a file that is not what the listing says',
      () => {
        repository.listedSize = (path) => (path === 'config.json' ? 12 : undefined);
      },
      'acme/tiny-ner: config.json came damaged',
    ],
    [
      'a download that breaks off',
      () => hub.broken.add(graph),
      /^acme\/tiny-ner cannot be fetched from http:\/\/127\.0\.0\.1:\d+: /,
    ],
  ])('refuses %s and leaves all as it was', async (_, spoil, sentence) => {
    // Prepare
    await putOther();
    const before = await state();
    spoil();

    // Act
    const fault = await pull().catch((error: unknown) => error);

    // Assess
    expect(fault).toBeInstanceOf(ModelError);
    expect((fault as ModelError).message).toMatch(sentence);
    expect((fault as ModelError).message).not.toContain(models);
    expect(await state()).toEqual(before);
    expect(await readdir(models)).toEqual(['manifest.json', 'other']);
  });

  it.each([
    ['roberta', 'RobertaForTokenClassification', 'BPE', ['entities']],
    ['albert', 'AlbertForTokenClassification', 'Unigram', ['tags']],
    ['xlm-roberta-answers', 'XLMRobertaForQuestionAnswering', 'Unigram', ['answers']],
    ['deberta-v2-labels', 'DebertaV2ForSequenceClassification', 'Unigram', ['labels']],
    ['modernbert', 'ModernBertForTokenClassification', 'BPE', ['entities']],
    ['bert-fp16-outputs', 'BertForTokenClassification', 'WordPiece', ['entities']],
    ['bert-external', 'BertForTokenClassification', 'WordPiece', ['entities']],
    ['bert-sharded', 'BertForTokenClassification', 'WordPiece', ['entities']],
  ])('says what %s is, then fetches all of it', async (name, architecture, tokenizer, tasks) => {
    // Prepare
    repository.files = await filesOf(join(families, name));
    repository.language = ['pt-BR', 'en'];
    const graphs = () => hub.requests.filter(({ path }) => /\/resolve\/.*\.onnx/.test(path));
    const told: unknown[] = [];

    // Act
    const { entry } = await pull('acme/tiny-ner', (description, runs) =>
      told.push({ ...description, runs, graphsBefore: graphs().length }),
    );

    // Assess
    const sizes = entry.files.map(({ bytes }) => bytes);
    const languages = ['pt', 'en'];
    expect(told).toEqual([
      expect.objectContaining({ architecture, tokenizer, languages, runs: true, graphsBefore: 0 }),
    ]);
    expect(told[0]).toMatchObject({ bytes: sizes.reduce((sum, bytes) => sum + bytes) });
    expect(entry).toMatchObject({ languages, heads: tasks.map((task) => ({ task })) });
    expect(entry.files.map(({ path }) => path).sort()).toEqual([...repository.files.keys()].sort());
  });

  describe('a graph whose weights are in a file of another name', () => {
    const renamed = 'onnx/weights-00002-of2';
    beforeEach(async () => {
      repository.files = await filesOf(join(families, 'bert-sharded'));
      const data = repository.files.get('onnx/model.onnx_data_1');
      const bytes = repository.files.get('onnx/model.onnx')?.toString('latin1') ?? '';
      const renamedGraph = bytes.replaceAll('model.onnx_data_1', renamed.slice('onnx/'.length));
      repository.files.delete('onnx/model.onnx_data_1');
      repository.files.set('onnx/model.onnx', Buffer.from(renamedGraph, 'latin1'));
      if (data) repository.files.set(renamed, data);
    });

    it('is fetched with it', async () => {
      const { entry } = await pull();

      expect(entry.files.map(({ path }) => path)).toContain(renamed);
    });

    it('is refused without it', async () => {
      repository.files.delete(renamed);

      await expect(pull()).rejects.toThrow(
        `acme/tiny-ner has no ${renamed}, where onnx/model.onnx keeps weights`,
      );
    });
  });

  it('says what a model is that does not run, before it says why not', async () => {
    change('config.json', { model_type: 'gpt2', architectures: ['GPT2ForTokenClassification'] });
    const told: unknown[] = [];

    await expect(pull('acme/tiny-ner', (...given) => told.push(given))).rejects.toThrow(ModelError);

    const architecture = 'GPT2ForTokenClassification';
    expect(told).toEqual([[expect.objectContaining({ architecture, family: 'gpt2' }), false]]);
  });

  it('keeps the present model where the download of a later one breaks off', async () => {
    // Prepare
    await pull();
    const before = await state();
    repository.commit = LATER;
    hub.broken.add(graph);

    // Act
    await expect(pull()).rejects.toThrow(ModelError);

    // Assess
    expect(await state()).toEqual(before);
  });

  it('does not fetch the graph of a model that it refuses, nor leaves an empty folder', async () => {
    change('config.json', { model_type: 'gpt2' });

    await expect(pull()).rejects.toThrow(ModelError);

    expect(hub.requests.filter(({ path }) => path.includes('.onnx'))).toEqual([]);
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('leaves a model alone that came from elsewhere, and a folder that is in no manifest', async () => {
    // Prepare
    const other = await putOther();
    await writeManifest([{ ...other, name: 'tiny-ner' }]);
    const before = await state();

    // Act
    const named = pull();
    await expect(named).rejects.toThrow(/tiny-ner holds another model, from random weights/);
    const unnamed = pull('acme/other');

    // Assess
    await expect(unnamed).rejects.toThrow(/other is not in the manifest/);
    expect(await state()).toEqual(before);
  });

  it.each([
    ['a revision', 'acme/tiny-ner@nowhere', 'Invalid rev id: nowhere (status 404)'],
    ['a model', 'acme/none', '(status 401: it does not exist, or needs HF_TOKEN)'],
  ])('says that the Hub does not know %s', async (_, id, reason) => {
    await expect(pull(id)).rejects.toThrow(reason);
  });
});
