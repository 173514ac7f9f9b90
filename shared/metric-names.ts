/**
 * Every metric that is published, by what it counts. At most 30 distinct metrics (name and dimensions) for a deployment
 * with one source, because each costs money.
 */
export const metricNames = {
  /** Results inserted; also by `Source`. */
  recordsProcessed: 'RecordsProcessed',
  /** Records that the stream brought, processed or rejected; calls over HTTP are left out. */
  recordsStreamed: 'RecordsStreamed',
  /** Records parked; also by `Reason`. */
  recordsRejected: 'RecordsRejected',
  /** Entities in results; also by `Type`. */
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
  /** Labels in results, by `Label`. */
  labelsFound: 'LabelsFound',
  /** Spans of personal data in results of texts that were asked for it, or had it hidden; also by `Kind`. */
  personalDataFound: 'PersonalDataFound',
  /** Results of texts in whose language no model serves what was asked. */
  languageUnserved: 'LanguageUnserved',
  /** Inserts into the results table that are neither a result nor a rejection, or that can no longer be counted once. */
  itemsIgnored: 'ItemsIgnored',
  /** Metric data that CloudWatch refused, and that were dropped so that the others could go on. */
  dataRefused: 'DataRefused',
  /** Errors that the functions which run models wrote into their logs, such as that of an engine that is ill. */
  errorsLogged: 'ErrorsLogged',
  /** Number of the publication: lets the publisher see whether an unconfirmed one arrived. */
  publicationNumber: 'PublicationNumber',
} as const;

/** Dimensions in use. */
export const dimensionNames = {
  source: 'Source',
  reason: 'Reason',
  type: 'Type',
  label: 'Label',
  kind: 'Kind',
} as const;

/** Entity types that have a metric of their own; all others count as `OTHER_TYPE`, so that a model cannot run up costs. */
export const entityTypeDimensions: ReadonlySet<string> = new Set([
  'PER',
  'PERSON',
  'ORG',
  'LOC',
  'GPE',
  'MISC',
  'DATE',
]);

/** Dimension value of entity types, labels and kinds that have no metric of their own. */
export const OTHER_TYPE = 'other';

/** A metric's name with its dimensions, such as `RecordsProcessed{Source=news}`. */
export function metricKey(name: string, dimensions: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(dimensions).map(([dimension, value]) => `${dimension}=${value}`);
  return pairs.length === 0 ? name : `${name}{${pairs.sort().join(',')}}`;
}
