/**
 * Every metric that is published, by what it counts. At most 30 distinct metrics (name and dimensions) for a deployment
 * with one source, because each costs money.
 */
export const metricNames = {
  /** Results inserted; also by `Source`, and by `Language`, those that the settings name. */
  recordsProcessed: 'RecordsProcessed',
  /** Records that the stream brought, processed or rejected; calls over HTTP are left out. */
  recordsStreamed: 'RecordsStreamed',
  /** Records parked; also by `Reason`. */
  recordsRejected: 'RecordsRejected',
  /** Entities in results; also by `Type`, those that the settings name. */
  entitiesFound: 'EntitiesFound',
  questionsAnswered: 'QuestionsAnswered',
  questionsUnanswered: 'QuestionsUnanswered',
  /** 1 for a result with an entity or answer under the confidence threshold, else 0: its average is the share. */
  lowConfidenceShare: 'LowConfidenceShare',
  tokensProcessed: 'TokensProcessed',
  /** Arrival to stored, milliseconds. */
  endToEndLatency: 'EndToEndLatency',
  /** Results whose text was read in more than one window. */
  textsWindowed: 'TextsWindowed',
  /** Labels in results by `Label`, those that the settings name: how many there are in all says how many texts. */
  labelsFound: 'LabelsFound',
  /** Spans of personal data in results; also by `Kind`, those that the settings name. */
  personalDataFound: 'PersonalDataFound',
  /** Results of texts in whose language no model serves what was asked. */
  languageUnserved: 'LanguageUnserved',
  /** Inserts into the results table that are neither a result nor a rejection, or that can no longer be counted once. */
  itemsIgnored: 'ItemsIgnored',
  /** Metric data that CloudWatch refused, and that were dropped so that the others could go on. */
  dataRefused: 'DataRefused',
  /** From a probe's arrival until it was counted, milliseconds; nothing else counts a probe. */
  canaryLatency: 'CanaryLatency',
  /** 1 for a probe whose result or whose metric was not there in time, else 0. */
  canaryFailed: 'CanaryFailed',
  /** How far the present texts are from those of the reference, by `Task`, those that the settings name. */
  drift: 'Drift',
  /** Errors that the functions which run models wrote into their logs, such as that of an engine that is ill. */
  errorsLogged: 'ErrorsLogged',
  /** Number of the publication: lets the publisher see whether an unconfirmed one arrived. */
  publicationNumber: 'PublicationNumber',
} as const;

/** Dimensions in use. */
export const dimensionNames = {
  source: 'Source',
  language: 'Language',
  reason: 'Reason',
  type: 'Type',
  label: 'Label',
  kind: 'Kind',
  task: 'Task',
} as const;

/** What is counted by its name as well, each name a metric more: a model cannot run up costs. Settings may name others. */
export interface CountedByName {
  readonly entityTypes: readonly string[];
  readonly labels: readonly string[];
  readonly personalDataKinds: readonly string[];
  readonly languages: readonly string[];
}

/** Stands for every name, where so many metrics cost nothing or are wanted. */
export const ANY_NAME = '*';

/** Whether a name is counted. */
export const isCounted = (names: readonly string[], name: string): boolean =>
  names.includes(name) || names.includes(ANY_NAME);

/** What is counted by name unless settings say otherwise: with it a deployment with one source has 30 metrics at most. */
export const usuallyCountedByName: CountedByName = {
  entityTypes: ['PER', 'ORG', 'LOC'],
  labels: [],
  personalDataKinds: [],
  languages: [],
};

/** A metric's name with its dimensions, such as `RecordsProcessed{Source=news}`. */
export function metricKey(name: string, dimensions: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(dimensions).map(([dimension, value]) => `${dimension}=${value}`);
  return pairs.length === 0 ? name : `${name}{${pairs.sort().join(',')}}`;
}
