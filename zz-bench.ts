import { measureTokenizers } from './test/bench/tokenizers.ts';
import { fixtureTexts, sentencesOf } from './test/bench/texts.ts';
const texts = sentencesOf(await fixtureTexts('fixtures/texts/')).slice(0, 1000);
const fams = process.argv.slice(2);
for (const f of fams) { try { console.log(f, measureTokenizers(texts, 7, [f])[f]); } catch (e) { console.log(f, String(e).slice(0,300)); } }
