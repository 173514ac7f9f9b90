import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { createTokenizer } from '#shared/nlp/tokenizer/index.ts';
import { fixtureTexts, sentencesOf } from './test/bench/texts.ts';
const texts = sentencesOf(await fixtureTexts('fixtures/texts/')).slice(0, 1000);
const read=(n:string)=>JSON.parse(gunzipSync(readFileSync('fixtures/tokenizers/'+n)).toString());
const src=read(process.argv[2]+'.json.gz'); const t=createTokenizer(typeof src.tokenizer==='string'?read(src.tokenizer):src.tokenizer);
const end=Date.now()+Number(process.argv[3]??4000); let n=0; const b=process.cpuUsage();
while(Date.now()<end){ for(const x of texts) t.encode(x); n+=texts.length; }
const c=process.cpuUsage(b); console.log(process.argv[2], Math.round(n/((c.user+c.system)/1e6)),'texts per cpu s');
