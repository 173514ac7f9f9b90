import { json } from 'node:stream/consumers';
import { createTextEngine } from '#shared/nlp/index.ts';
import { analyze } from './tasks.ts';

const [modelsDirectory = '', model = '', workers = ''] = process.argv.slice(2);
const texts = (await json(process.stdin)) as string[];
const engine = await createTextEngine({ modelsDirectory, models: [model], workers: +workers });
await analyze(engine, texts, 'entities');
process.stdout.write(JSON.stringify({ megabytes: process.memoryUsage.rss() / 2 ** 20 }));
await engine.close();
