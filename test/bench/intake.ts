import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { createGzip } from 'node:zlib';
import { CreateStreamCommand, waitUntilStreamExists } from '@aws-sdk/client-kinesis';
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { Report } from '#consumers/intake/report.ts';
import { createLocalCloud, type LocalCloud } from '#local/cloud/local-cloud.ts';
import { interruptible } from '#shared/cli/interrupt.ts';
import { createProgress } from '#shared/cli/progress.ts';
import { createCommand, print, runCommand, wholeNumber } from '#shared/cli/run-command.ts';
import { functionEnvironments } from '#shared/function-environment.ts';
import { resourceNames } from '#shared/names.ts';
import { parseSettings } from '#shared/settings.ts';
import { bundle } from '#stacks/local/bundle.ts';
import { residentMb } from '#test/soak/memory.ts';
import { quantile } from '#test/soak/statistics.ts';

const KEY = 'inbox/measured.jsonl.gz';
const PART_BYTES = 32_000_000;
const MEGABYTE = 1_000_000;
/** Random bytes of a text: as base64 a kilobyte, which gzip makes three quarters of. */
const TEXT_BYTES = 700;
/** Memory is flat where the last tenth of the run holds at most so many times what the run mostly does. */
const MOST_GROWTH = 1.25;

const settings = parseSettings({
  environmentName: 'measured',
  // As fast as the stream takes them.
  intake: { recordsPerSecond: 100_000 },
});
const names = resourceNames(settings.environmentName);

/** Puts so many bytes of gzipped JSON Lines into the inbox, in parts; gives what they hold. */
async function upload({ clients: { s3 } }: LocalCloud, bytes: number, signal: AbortSignal) {
  const object = { Bucket: names.intakeBucket, Key: KEY };
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(object));
  const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
  let [lines, plain, gzipped] = [0, 0, 0];
  const content = function* () {
    while (gzipped < bytes && !signal.aborted) {
      const text = randomBytes(TEXT_BYTES).toString('base64');
      const line = `${JSON.stringify({ id: `measured-${lines++}`, text })}\n`;
      plain += line.length;
      yield line;
    }
  };
  let [chunks, size]: [Buffer[], number] = [[], 0];
  const put = async () => {
    const part = { ...object, UploadId, PartNumber: Parts.length + 1, Body: Buffer.concat(chunks) };
    const { ETag } = await s3.send(new UploadPartCommand(part));
    Parts.push({ PartNumber: part.PartNumber, ETag });
    [chunks, size] = [[], 0];
  };
  for await (const chunk of Readable.from(content()).pipe(createGzip({ level: 1 }))) {
    chunks.push(chunk);
    size += chunk.length;
    gzipped += chunk.length;
    if (size >= PART_BYTES) await put();
  }
  if (size > 0) await put();
  const MultipartUpload = { Parts };
  await s3.send(new CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload }));
  return { lines, plain, gzipped };
}

async function readReport({ clients: { s3 } }: LocalCloud): Promise<Report | undefined> {
  const get = new GetObjectCommand({
    Bucket: names.intakeBucket,
    Key: 'reports/measured.jsonl.gz.json',
  });
  const found = await s3.send(get).catch(() => undefined);
  return found && JSON.parse((await found.Body?.transformToString()) ?? '');
}

/** Runs the intake function on the object, and looks at its memory each second. */
async function read(cloud: LocalCloud, bundles: string, lines: number, signal: AbortSignal) {
  const intake = await cloud.createFunction({
    name: names.intakeFunction,
    bundleDirectory: join(bundles, 'intake'),
    environment: functionEnvironments(settings, names).intake,
    timeoutSeconds: settings.intake.timeoutSeconds,
    memoryMb: settings.intake.memoryMb,
  });
  cloud.notifyOfObjects({
    bucket: names.intakeBucket,
    prefix: 'inbox/',
    functionName: intake.name,
  });
  const progress = createProgress({ label: 'read', total: lines, unit: 'records' });
  const memory: number[] = [];
  let report: Report | undefined;
  try {
    while (!signal.aborted && report?.finishedAt === undefined) {
      await delay(1_000);
      for (const pid of intake.pids()) memory.push((await residentMb(pid)) ?? 0);
      report = await readReport(cloud);
      progress.update(report?.read ?? 0);
    }
  } finally {
    progress.stop();
  }
  return { memory, report };
}

async function measure(megabytes: number, signal: AbortSignal) {
  const folder = await mkdtemp(join(tmpdir(), 'spanstream-intake-'));
  const cloud = await createLocalCloud({ directory: join(folder, 'cloud') });
  try {
    const bundles = join(folder, 'bundles');
    await bundle({ outdir: bundles });
    const { s3, kinesis } = cloud.clients;
    for (const Bucket of [names.intakeBucket, names.failuresBucket]) {
      await s3.send(new CreateBucketCommand({ Bucket }));
    }
    const StreamName = names.stream;
    await kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: 4 }));
    await waitUntilStreamExists({ client: kinesis, maxWaitTime: 30 }, { StreamName });
    const object = await upload(cloud, megabytes * MEGABYTE, signal);
    const { memory, report } = await read(cloud, bundles, object.lines, signal);
    const seconds = report
      ? (Date.parse(report.updatedAt) - Date.parse(report.startedAt)) / 1_000
      : 0;
    const tenth = Math.ceil(memory.length / 10);
    return {
      ...{ state: report?.state, lines: object.lines, put: report?.put ?? 0, seconds },
      gzippedMb: Math.round(object.gzipped / MEGABYTE),
      inflatedMb: Math.round(object.plain / MEGABYTE),
      recordsPerSecond: Math.round((report?.put ?? 0) / seconds),
      memoryMb: {
        first: Math.round(quantile(memory.slice(0, tenth), 1)),
        median: Math.round(quantile(memory, 0.5)),
        last: Math.round(quantile(memory.slice(-tenth), 1)),
        peak: Math.round(quantile(memory, 1)),
      },
    };
  } finally {
    await cloud.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

const command = createCommand(
  'bench/intake',
  'Puts gzipped JSON Lines through the intake function and the local services, without inference, and watches its memory',
)
  .option('--megabytes <n>', 'size of the object', wholeNumber(1), 1_000)
  .addHelpText(
    'after',
    '\nFails where a record is missing, or memory is in the end a quarter over its median.',
  )
  .action(async ({ megabytes, json }: { megabytes: number; json?: boolean }) => {
    const figures = await interruptible((signal) => measure(megabytes, signal));
    const { gzippedMb, inflatedMb, lines, put, seconds, recordsPerSecond, memoryMb } = figures;
    const isWhole = figures.state === 'done' && put === lines;
    if (!isWhole || memoryMb.last > MOST_GROWTH * memoryMb.median) process.exitCode = 1;
    print(
      [
        `${gzippedMb} MB gzipped, ${inflatedMb} MB inflated, ${lines} lines: put ${put} in ${seconds} s, ${recordsPerSecond} records/s`,
        `memory: at first ${memoryMb.first} MB, median ${memoryMb.median} MB, in the end ${memoryMb.last} MB, at most ${memoryMb.peak} MB`,
      ],
      json && figures,
    );
  });

await runCommand(command);
