import { join } from 'node:path';
import { PutRecordCommand } from '@aws-sdk/client-kinesis';
import { startCloudWatch } from '#local/services/cloudwatch/index.ts';
import type { MetricsAnswer } from '#shared/contracts/monitoring.ts';
import { parseSettings } from '#shared/settings.ts';
import { startLocalStack } from '#stacks/local/stack.ts';
import { waitFor } from '#test/conformance/support/wait-for.ts';
import { makeFolders, tinyModels } from '#test/e2e/support/folders.ts';
import { buildPage } from '../../../scripts/build-page.ts';

const settings = parseSettings({
  environmentName: 'console',
  alarms: { rejectedRecords: 2 },
  inference: { mapping: { batchingWindowSeconds: 0 } },
  metrics: { mapping: { batchingWindowSeconds: 0 } },
});

/** Texts that are markup, turn the direction of what follows, are long, or are of other scripts. */
export const texts = {
  markup:
    '<img src=x onerror="alert(1)"><script>alert(2)</script><b>Ada</b> &amp; Voltaire in Paris.',
  direction: 'Invoice \u202egnp.exe\u202c by Tim Cook of Apple, paid in Cupertino.',
  hebrew: 'אנגלה מרקל ביקרה בברלין.',
  japanese: 'アンジェラ・メルケルはミュンヘンでSiemensの取締役会と会った。',
  emoji: '👩🏽‍🚀 Émilie du Châtelet 🦉 wrote to Voltaire in Paris.',
  long: 'Marie Curie worked in Paris with Pierre Curie of the Sorbonne. '.repeat(1_600),
} as const;

/** What can never be read: by its id, the field at fault and the record. */
export const parked = {
  'parked-question': { text: 'Hello', questions: ['Who?', 7] },
  'parked-blank': { text: '   ' },
} as const;

/** Alarms look at whole periods. */
const PERIOD_MS = 300_000;

/** A local stack with results, failures and metrics, and its console. */
export async function startPopulatedStack() {
  const folders = await makeFolders();
  const consoleDirectory = join(folders.directory, '../console');
  await buildPage(consoleDirectory);
  let stoppedAt: number | undefined;
  const cloudWatch = await startCloudWatch({
    intervalMs: 200,
    now: () => stoppedAt ?? Date.now(),
  });
  const stack = await startLocalStack({
    directory: folders.directory,
    bundleDirectory: folders.bundleDirectory,
    consoleDirectory,
    modelsDirectory: tinyModels,
    settings,
    endpoints: { cloudwatch: cloudWatch.endpoint },
  });
  const close = async () => {
    await stack.close();
    await cloudWatch.close();
    await folders.remove();
  };
  try {
    const put = (id: string, more: object) =>
      stack.clients.kinesis.send(
        new PutRecordCommand({
          StreamName: stack.names.stream,
          PartitionKey: id,
          Data: Buffer.from(JSON.stringify({ id, source: 'letters', language: 'en', ...more })),
        }),
      );
    for (const [id, record] of Object.entries(parked)) await put(id, record);
    for (const [id, text] of Object.entries(texts)) {
      await put(id, { text, questions: ['Who wrote to Voltaire?'] });
    }
    await waitFor(async () => stack.idle(), { what: 'the stack to be idle', timeoutMs: 60_000 });
  } catch (error) {
    await close();
    throw error;
  }
  return {
    origin: stack.endpoints.console,
    /** Stops the clock of CloudWatch just behind the period in which the rejections were counted. */
    endPeriod: async () => {
      const answer = await fetch(`${stack.endpoints.console}/v1/metrics`);
      const { series } = (await answer.json()) as MetricsAnswer;
      const rejected = series.find(({ metric }) => metric === 'RecordsRejected');
      const [countedAt = 0] = rejected?.points[0] ?? [];
      stoppedAt = (Math.floor((countedAt * 1_000) / PERIOD_MS) + 1) * PERIOD_MS + 1_000;
    },
    close,
  };
}
