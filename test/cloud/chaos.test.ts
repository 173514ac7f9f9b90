import { describe, expect, it } from 'vitest';
import { createPlan } from '#test/chaos/plan.ts';
import { readTexts } from '#test/chaos/read-texts.ts';
import { runChaos, tinyModels } from '#test/chaos/run-chaos.ts';
import { installMinistack } from './ministack.ts';

const install = await installMinistack();
const missing = 'missing' in install ? install.missing : undefined;

describe.skipIf(missing)(`the product on MiniStack${missing ? `: ${missing}` : ''}`, () => {
  it('loses and doubles nothing, and counts once, whatever its functions and services do', async () => {
    const { reports, faults } = await runChaos({
      ...{ records: 400, target: 'cloud', modelsDirectory: tinyModels },
      plan: createPlan(3),
      texts: await readTexts(),
      signal: new AbortController().signal,
    });

    const [report] = Object.values(reports);
    expect(report).toMatchObject({ lost: [], doubled: [], wrongReason: [] });
    for (const [name, { published, table }] of Object.entries(report?.metrics ?? {})) {
      expect(published, name).toBe(table);
    }
    expect(report?.metrics.RecordsProcessed?.table).toBeGreaterThan(300);
    // Both functions were ended, and batches came again out of order, as nobody's mapping would deliver them.
    expect(Object.keys(faults)).toEqual(
      expect.arrayContaining([
        'event kill-inference',
        'event kill-metrics',
        'event redeliver-batches',
      ]),
    );
  }, 600_000);
});
