import { Option } from 'commander';
import {
  createCommand,
  positiveNumber,
  print,
  runCommand,
  wholeNumber,
} from '#shared/cli/run-command.ts';
import { recordsPerMonth, TEXT_KILOBYTES_A_SECOND, type Texts, usdPerMonth } from '#shared/cost.ts';
import { parseSettings, type Settings } from '#shared/settings.ts';
import { readSettingsFile } from '#shared/settings-file.ts';

interface Flags {
  readonly records: number;
  readonly bytes: number;
  readonly speed: number;
  readonly architecture?: Settings['architecture'];
  readonly package?: Settings['inference']['package'];
  readonly stream?: Settings['stream']['mode'];
  readonly shards?: number;
  readonly json?: boolean;
}

const LABELS: Readonly<Record<keyof ReturnType<typeof usdPerMonth>, string>> = {
  lambda: 'Lambda',
  kinesisData: 'Kinesis, data',
  kinesisHours: 'Kinesis, hours of the stream',
  dynamodb: 'DynamoDB',
  counting: 'DynamoDB, counting each once',
  cloudWatch: 'CloudWatch, calls',
  metrics: 'CloudWatch, own metrics',
  alarms: 'CloudWatch, alarms',
  logs: 'Logs',
  canary: 'the canary',
  queue: "the inbox's queue",
  key: "the topic's key",
  image: 'ECR, the image',
};

/** The settings of the deployment, with what the flags say otherwise. */
function settingsOf(flags: Flags): Settings {
  const { stream, inference, ...settings } = readSettingsFile();
  return parseSettings({
    ...settings,
    stream: {
      ...stream,
      ...(flags.stream && { mode: flags.stream }),
      ...(flags.shards !== undefined && { shards: flags.shards }),
    },
    inference: { ...inference, ...(flags.package && { package: flags.package }) },
    ...(flags.architecture && { architecture: flags.architecture }),
  });
}

function cost(flags: Flags): void {
  const settings = settingsOf(flags);
  const texts: Texts = {
    arrivalsPerSecond: flags.records,
    recordKilobytes: flags.bytes / 1_024,
    kilobytesPerSecond: flags.speed,
  };
  const usd = usdPerMonth(settings, texts);
  const services = Object.keys(LABELS) as (keyof typeof LABELS)[];
  const usdAMonth = services.reduce((sum, service) => sum + usd[service], 0);
  const records = recordsPerMonth(texts);
  const usdPerMillionRecords = (usdAMonth / records) * 1e6;
  const row = (label: string, value: number) =>
    `${label.padEnd(30)}${value.toFixed(2).padStart(14)}`;
  const { architecture, stream, inference } = settings;
  print(
    [
      `${flags.records} records of ${flags.bytes} bytes a second, ${architecture}, ${inference.package}, stream ${stream.mode}; US dollars a month at list prices`,
      '',
      ...services.map((service) => row(LABELS[service], usd[service])),
      row('all', usdAMonth),
      row('a million records', usdPerMillionRecords),
    ],
    flags.json && {
      records,
      ...{ usdPerMonth: usdAMonth, usdPerMillionRecords, services: usd },
    },
  );
}

await runCommand(
  createCommand('cost', 'Says what a deployment costs in a month, at list prices of us-east-1')
    .option('--records <n>', 'records that arrive in a second, on average', positiveNumber, 50)
    .option('--bytes <n>', 'bytes of a record', wholeNumber(1, 102_400), 1_024)
    .option(
      '--speed <n>',
      'kilobytes of text that one function of 3538 MB reads in a second, as `npm run bench` says',
      positiveNumber,
      TEXT_KILOBYTES_A_SECOND,
    )
    .addOption(
      new Option('--architecture <name>', 'in place of the setting').choices(['x86_64', 'arm64']),
    )
    .addOption(new Option('--package <name>', 'in place of the setting').choices(['image', 'zip']))
    .addOption(
      new Option('--stream <mode>', 'in place of the setting').choices([
        'on-demand',
        'provisioned',
      ]),
    )
    .option('--shards <n>', 'in place of the setting, where provisioned', wholeNumber(1, 500))
    .addHelpText(
      'after',
      `
What is not said by an option is as in spanstream.config.json. Without free tiers, and without what is kept (tables, logs, backups).`,
    )
    .action(cost),
);
