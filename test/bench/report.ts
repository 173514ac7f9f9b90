import type { ModelFolders } from './arms.ts';
import type { Goal } from './figures.ts';
import type { BenchResult } from './result.ts';

/** Where the fp32 graphs of both tasks come from. */
export function floatGraphs({
  entities,
  answers,
}: ModelFolders): NonNullable<BenchResult['fp32Graph']> {
  return { entities: entities.floatGraph, answers: answers.floatGraph };
}

/** The result for people: a line a figure, then the goals. */
export function resultTable(result: BenchResult, goals: readonly Goal[]): string {
  const rows: [string, string][] = [];
  const add = (name: string, value: number, unit = ''): void => {
    rows.push([name, `${value.toFixed(value < 10 ? 2 : 1)}${unit}`]);
  };
  const { model, parallelism, instructions } = result.processor;
  rows.push(['processor', `${model}, ${parallelism} in parallel`]);
  rows.push(['instructions for products', instructions]);
  for (const [task, origin] of Object.entries(result.fp32Graph ?? {})) {
    rows.push([`${task}, fp32 graph`, origin]);
  }
  for (const [task, part] of Object.entries({ entities: result.ner, answers: result.qa })) {
    if (part === undefined) continue;
    for (const [name, value] of Object.entries(part.ours)) add(`${task}, ours, ${name}`, value);
    for (const [name, value] of Object.entries(part.transformersJs)) {
      add(`${task}, transformers.js, ${name}`, value);
    }
    for (const [name, value] of Object.entries(part.ratios)) add(`${task}, ${name}`, value, ' x');
  }
  const { coldStart, overhead, tasks, heads, metrics, recordsPerSecond, usdPerMillionRecords } =
    result;
  if (coldStart) {
    const { milliseconds, bareSessionMilliseconds, ...places } = coldStart;
    add('cold start to first answer', milliseconds, ' ms');
    add('bare session in a fresh process', bareSessionMilliseconds, ' ms');
    add('cold start over bare session', milliseconds / bareSessionMilliseconds, ' x');
    for (const [place, time] of Object.entries(places)) {
      add(`HTTP function, start to first answer, ${place}`, time, ' ms');
    }
  }
  for (const [name, rates] of Object.entries(result.gemm ?? {})) {
    add(`share of the ${name} GEMM rate`, rates.share * 100, ' %');
    add(`${name} GEMM rate, the model's shapes`, rates.gopsPerSecond, ' GOP/s');
    add(`${name} GEMM rate, large shapes`, rates.largeGopsPerSecond, ' GOP/s');
  }
  if (overhead) {
    add('consumer time that is not inference, batch 200', overhead.share * 100, ' %');
    add('engine time that is not inference, batch 200', overhead.engine.share * 100, ' %');
  }
  for (const [stream, { repeated, seenOverUnseen }] of Object.entries(result.repeats ?? {})) {
    const share = `${(repeated * 100).toFixed(0)} % seen before`;
    add(`consumer time with memory of texts, ${stream}, ${share}`, seenOverUnseen, ' x');
  }
  for (const [family, { ours, theirs, ratio }] of Object.entries(result.tokenizers ?? {})) {
    add(`tokenizer, ${family}, texts per processor second`, ours);
    add(`tokenizer, ${family}, @huggingface/tokenizers`, theirs);
    add(`tokenizer, ${family}, ours over theirs`, ratio, ' x');
  }
  for (const [task, rate] of Object.entries(tasks ?? {})) {
    add(`task, ${task}, texts per processor second`, rate);
  }
  if (heads)
    add(`${heads.tasks.join(', ')} in one pass over entities`, heads.allOverEntities, ' x');
  const { memory, spacy } = result;
  if (memory) {
    add('memory of a process with one worker', memory.oneWorkerMegabytes, ' MiB');
    add('memory of each further worker', memory.perWorkerMegabytes, ' MiB');
  }
  if (spacy && 'skipped' in spacy) rows.push(['spaCy', `skipped: ${spacy.skipped}`]);
  else if (spacy) {
    add('entities, ours, texts per processor second', spacy.ours);
    add('entities, spaCy md ner alone, texts per processor second', spacy.ner);
    add('entities, ours over spaCy md ner', spacy.oursOverNer, ' x');
  }
  if (metrics) {
    add('metrics function, records per processor second', metrics.recordsPerProcessorSecond);
    for (const [results, rate] of Object.entries(metrics.others)) {
      add(`metrics function, ${results}, records per processor second`, rate);
    }
    for (const [part, share] of Object.entries(metrics.shares)) {
      add(`metrics function, share of ${part}`, share * 100, ' %');
    }
    for (const [results, size] of Object.entries(metrics.eventKilobytes)) {
      add(`metrics function, ${results}, event per record`, size, ' KB');
    }
    for (const [kind, units] of Object.entries(metrics.units)) {
      add(`metrics function, ${kind} of the state table per record`, units, ' units');
    }
    for (const [functions, rate] of Object.entries(metrics.publicationsPerSecond)) {
      add(`metrics function, publications a second of ${functions} at a time`, rate);
    }
  }
  if (recordsPerSecond !== undefined) add('1 KB records per second, entities', recordsPerSecond);
  if (usdPerMillionRecords !== undefined) {
    add('US dollars per million 1 KB records', usdPerMillionRecords);
  }
  for (const [kind, costs] of Object.entries(result.monthlyUsdPerMillionRecords ?? {})) {
    const figures = Object.values(costs).map((usd) => usd.toFixed(2));
    rows.push([`… of a month at ${Object.keys(costs).join(', ')}/s, ${kind}`, figures.join(' ')]);
  }
  for (const { name, goal, value, met } of goals) {
    const stands = met ? 'met' : 'missed';
    rows.push([`goal: ${name}`, `${goal}: ${value.toFixed(2)}, ${stands}`]);
  }
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value.padStart(10)}`).join('\n');
}
