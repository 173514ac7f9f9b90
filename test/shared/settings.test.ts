import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ConfigurationError } from '#shared/errors.ts';
import {
  canaryEnvironmentSchema,
  engineOptionsOf,
  functionEnvironments,
  httpEnvironmentSchema,
  inferenceEnvironmentSchema,
  metricsEnvironmentSchema,
  readEnvironment,
} from '#shared/function-environment.ts';
import { resourceNames } from '#shared/names.ts';
import { parseSettings } from '#shared/settings.ts';
import { readSettingsFile } from '#shared/settings-file.ts';

const faultOf = (input: unknown): string => {
  try {
    parseSettings(input);
    return 'accepted';
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.message;
  }
};

/** `{ a: { b: value } }` of `a.b`. */
const at = (path: string, value: unknown): Record<string, unknown> =>
  path.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as Record<
    string,
    unknown
  >;

describe('parseSettings', () => {
  it('takes its own defaults, spelled out', () => {
    const defaults = parseSettings({});

    expect(parseSettings(defaults)).toEqual(defaults);
  });

  it.each([
    ['metrics.mapping.tumblingWindowSeconds', 60, 'is not a known name'],
    ['metrics.mapping.parallelizationFactor', 11, '10'],
    ['metrics.mapping.maximumRecordAgeSeconds', 86_400, 'the stream keeps a record no longer'],
    ['metrics.mapping.maximumRecordAgeSeconds', -1, 'nobody told'],
    ['metrics.mapping.maximumRecordAgeSeconds', 59, '60 to 604800'],
    ['metrics.mapping.batchSize', 10_001, '10000'],
    ['metrics.memoryMb', 10_241, '10240'],
    ['metrics.timeoutSeconds', 901, '900'],
    ['metrics.reservedConcurrency', -1, '0'],
    ['metrics.lowConfidenceThreshold', 1.01, '1'],
    ['metrics.drift.tasks', ['entities', 'entities'], 'once'],
    ['metrics.drift.tasks', ['names'], 'one of entities'],
    ['metrics.drift.texts', 99, '100'],
    ['metrics.mapping.maximumRecordAgeSeconds', 240, 'never counted'],
    ['inference.mapping.maximumRecordAgeSeconds', 86_400, 'the stream keeps a record no longer'],
    ['inference.mapping.batchingWindowSeconds', 300, 'raise an alarm'],
    ['inference.reservedConcurrency', 0, '1'],
    ['stream.retentionHours', 23, '24'],
    ['stream.shards', 0, '1'],
    ['logRetentionDays', 2, '1, 3, 5'],
    ['http.timeoutSeconds', 30, '29'],
    ['alarms.apiErrorShare', 0, 'would never end'],
    ['alarms.apiLatencyMs', 29_001, 'no call takes longer'],
    ['alarms.lowConfidenceShare', 1, 'nobody would be told'],
    ['alarms.unansweredShare', 1, 'nobody would be told'],
    ['alarms.iteratorAgeSeconds', 86_400, 'no record on a stream is older'],
    ['alarms.silenceMinutes', 1_441, '1440'],
    ['alarms.emails', ['a@example.com', 'a@example.com'], 'once'],
    ['alarms.emails', ['nobody'], 'email'],
    ['canary.everyMinutes', 1, '0 or 2 to 60'],
    ['canary.waitSeconds', 241, 'taken for the next one'],
    ['canary.waitSeconds', 9, '10'],
    ['environmentName', 'a-name-too-long', '1 to 14'],
    ['environmentName', 'ends-', 'no - at the end'],
    ['environmentName', 'Prod', 'a letter first'],
    ['standingQuestions', { news: Array(8).fill('x'.repeat(400)) }, '4 KB'],
    ['standingTasks', { news: ['summaries'] }, 'one of entities'],
    ['standingLanguages', { news: 'e' }, 'BCP 47'],
    ['defaultLanguage', 'en_US', 'BCP 47'],
    ['results.redact', { mode: 'blur' }, 'mask'],
    ['results.redact', { mode: 'type', kinds: ['email'] }, 'EMAIL'],
    ['results.parkedDays', 0, '1'],
    ['metrics.mapping.speed', 1, 'is not a known name'],
    ['speed', 1, 'is not a known name'],
  ])('refuses %s %j, naming it and why', (path, value, why) => {
    const fault = faultOf(at(path, value));

    expect(fault).toContain(`${path}`);
    expect(fault).toContain(why);
  });

  it.each([
    [{ inference: { mapping: { maximumRetryAttempts: -1, maximumRecordAgeSeconds: -1 } } }],
    [{ http: { reservedConcurrency: 1, provisionedConcurrency: 2 } }],
    [{ inference: { memoryMb: 1_000, seenTextsMegabytes: 251 } }],
    [
      {
        stream: { retentionHours: 24 },
        inference: { mapping: { maximumRecordAgeSeconds: 90_000 } },
      },
    ],
    [{ metrics: { mapping: { maximumRecordAgeSeconds: 60, batchingWindowSeconds: 60 } } }],
    [{ canary: { everyMinutes: 2, waitSeconds: 61 } }],
    [{ metrics: { drift: { tasks: [] } }, alarms: { drift: 0.25 } }],
    [{ canary: { waitSeconds: 30 }, metrics: { mapping: { batchingWindowSeconds: 30 } } }],
  ])('refuses what is right alone and wrong together: %j', (input) => {
    expect(faultOf(input)).toMatch(/^settings are wrong: \w+(\.\w+)+: must be /);
  });

  it('takes what AWS takes, at its bounds', () => {
    const longest = parseSettings({
      environmentName: 'abcdefghijklmn',
      stream: { retentionHours: 8_760 },
      inference: { mapping: { maximumRecordAgeSeconds: 604_800, maximumRetryAttempts: -1 } },
      metrics: { mapping: { parallelizationFactor: 10, maximumRecordAgeSeconds: 86_399 } },
      alarms: { silenceMinutes: 0 },
      canary: { everyMinutes: 60, waitSeconds: 840 },
    });
    parseSettings({ canary: { everyMinutes: 0, waitSeconds: 840 } });

    const bucket = `${resourceNames(longest.environmentName).failuresBucket}-123456789012-us-isof-south-1`;
    expect(bucket.length).toBeLessThanOrEqual(63);
  });

  it('throws nothing but its own error, whatever it is given', () => {
    const paths = [
      'metrics.mapping.parallelizationFactor',
      'inference.mapping',
      'stream.retentionHours',
      'standingQuestions',
      'alarms.emails',
      'environmentName',
      '__proto__.x',
      'constructor',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue(), fc.boolean(), (path, value, whole) => {
        const fault = faultOf(whole ? value : at(path, value));

        expect(fault).toMatch(/^(accepted$|settings are wrong: )/);
        expect(fault.length).toBeLessThan(20_000);
      }),
      { numRuns: 500 },
    );
  });

  it('names the first faults of very many', () => {
    const wrong = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`k${index}`, 1]));

    expect(faultOf(wrong)).toMatch(
      /^settings are wrong: k0: .*k9: is not a known name; and 4990 more$/,
    );
  });
});

describe('readSettingsFile', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'spanstream-settings-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('takes a byte order mark, as some editors write it', async () => {
    const file = join(folder, 'bom.json');
    await writeFile(file, '\uFEFF{"environmentName":"prod"}');

    expect(readSettingsFile(file).environmentName).toBe('prod');
  });

  it('reads the file that the environment names, where no flag names one', async () => {
    const [file, other] = [join(folder, 'named.json'), join(folder, 'other.json')];
    await writeFile(file, '{"environmentName":"named"}');
    await writeFile(other, '{"environmentName":"other"}');
    vi.stubEnv('SPANSTREAM_CONFIG', file);

    expect(readSettingsFile().environmentName).toBe('named');
    expect(readSettingsFile(other).environmentName).toBe('other');
    vi.stubEnv('SPANSTREAM_CONFIG', '');
    expect(readSettingsFile().environmentName).toBe('dev');
    vi.stubEnv('SPANSTREAM_CONFIG', join(folder, 'none.json'));
    expect(() => readSettingsFile()).toThrow(/none\.json does not exist/);
    vi.unstubAllEnvs();
  });

  it('names a file that is missing, cannot be read, or is not JSON', async () => {
    const file = join(folder, 'broken.json');
    await writeFile(file, '{');

    expect(() => readSettingsFile(join(folder, 'none.json'))).toThrow(/none\.json does not exist/);
    expect(() => readSettingsFile(folder)).toThrow(/cannot be read: EISDIR/);
    expect(() => readSettingsFile(file)).toThrow(/broken\.json is not JSON/);
  });
});

describe('the models of a function', () => {
  const options = (file: string, folder?: string) =>
    engineOptionsOf(
      {
        SPANSTREAM_DEFAULT_LANGUAGE: 'en',
        ...(folder !== undefined && { SPANSTREAM_MODELS: folder }),
      },
      pathToFileURL(file).href,
    ).modelsDirectory;

  it('are those that are named, else the nearest from its bundle upwards', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'spanstream-nearest-'));
    const bundle = join(folder, 'dist/http/index.mjs');
    // Without a manifest it is no folder of models.
    await mkdir(join(folder, 'dist/models'), { recursive: true });
    expect(options(bundle)).toBe(join(folder, 'dist/http/models'));
    await mkdir(join(folder, 'models'));
    await writeFile(join(folder, 'models/manifest.json'), '{}');
    expect(options(bundle)).toBe(join(folder, 'models'));
    await mkdir(join(folder, 'dist/http/models'), { recursive: true });
    await writeFile(join(folder, 'dist/http/models/manifest.json'), '{}');
    expect(options(bundle)).toBe(join(folder, 'dist/http/models'));
    expect(options(bundle, '/elsewhere')).toBe('/elsewhere');
    await rm(folder, { recursive: true });
  });
});

describe('the functions’ environments', () => {
  const settings = parseSettings({
    environmentName: 'prod',
    standingQuestions: { news: ['Who?'] },
    standingTasks: { news: ['entities', 'pii'] },
    standingLanguages: { tickets: 'pt-br' },
    defaultLanguage: 'de',
    results: { redact: { mode: 'hash', kinds: ['EMAIL'] } },
    http: { store: false },
  });
  const environments = functionEnvironments(settings, resourceNames('prod'));

  it('say what the settings say', () => {
    const inference = readEnvironment(inferenceEnvironmentSchema, environments.inference);
    const http = readEnvironment(httpEnvironmentSchema, environments.http);
    const metrics = readEnvironment(metricsEnvironmentSchema, environments.metrics);
    const canary = readEnvironment(canaryEnvironmentSchema, environments.canary);

    expect(inference.SPANSTREAM_STANDING).toEqual({
      questions: { news: ['Who?'] },
      tasks: { news: ['entities', 'pii'] },
      languages: { tickets: 'pt-BR' },
    });
    expect(inference.SPANSTREAM_DEFAULT_LANGUAGE).toBe('de');
    expect(inference.SPANSTREAM_REDACT).toEqual({ mode: 'hash', kinds: ['EMAIL'] });
    expect(http.SPANSTREAM_STORE_ON_DEMAND).toBe(false);
    expect(metrics).toMatchObject({
      SPANSTREAM_METRICS_NAMESPACE: 'Spanstream/prod',
      SPANSTREAM_LOW_CONFIDENCE_THRESHOLD: 0.5,
      SPANSTREAM_DRIFT: { tasks: ['entities'], texts: 1_000 },
      SPANSTREAM_READ_BACK_SECONDS: 180,
    });
    expect(canary).toMatchObject({
      SPANSTREAM_STREAM: 'spanstream-prod-text',
      SPANSTREAM_DEFAULT_LANGUAGE: 'de',
      SPANSTREAM_CANARY_WAIT_SECONDS: 240,
    });
  });

  it('are what Lambda has room for, with the most questions that settings take', () => {
    const question = 'x'.repeat(360);
    const full = parseSettings({
      environmentName: 'abcdefghijklmn',
      standingQuestions: { news: Array(8).fill(question) },
    });
    const { inference } = functionEnvironments(full, resourceNames(full.environmentName));

    const bucket = 'b'.repeat(63);
    expect(
      JSON.stringify({ ...inference, SPANSTREAM_FAILURES_BUCKET: bucket }).length,
    ).toBeLessThan(4_096);
  });

  it.each(Object.keys(environments.metrics))('refuse to start without %s', (name) => {
    const { [name]: _, ...rest } = environments.metrics as Record<string, string>;

    expect(() => readEnvironment(metricsEnvironmentSchema, rest)).toThrow(name);
  });

  it.each([
    ['SPANSTREAM_LOW_CONFIDENCE_THRESHOLD', '1.5'],
    ['SPANSTREAM_READ_BACK_SECONDS', '9'.repeat(400)],
    ['SPANSTREAM_READ_BACK_SECONDS', '100000'],
    ['SPANSTREAM_LOG_LEVEL', 'loud'],
  ])('refuse to start with %s %s', (name, value) => {
    const wrong = { ...environments.metrics, [name]: value };

    expect(() => readEnvironment(metricsEnvironmentSchema, wrong)).toThrow(name);
  });

  it.each(['0.5', '999999999999', '-1'])(
    'refuse to start with results that expire after %s days, which nothing could read',
    (days) => {
      const wrong = { ...environments.http, SPANSTREAM_RETENTION_DAYS: days };

      expect(() => readEnvironment(httpEnvironmentSchema, wrong)).toThrow(
        'SPANSTREAM_RETENTION_DAYS',
      );
    },
  );
});
