import { createTextEngine } from '#shared/nlp/index.ts';

const [modelsDirectory = '', ...models] = process.argv.slice(2);
const engine = await createTextEngine({ modelsDirectory, models });
const [outcome] = await engine.analyze([{ text: 'Ada Lovelace wrote to Charles Babbage.' }]);
if (!outcome?.ok) throw outcome?.error ?? new Error('there is no outcome');
process.stdout.write(JSON.stringify({ milliseconds: performance.now() }));
await engine.close();
