import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { parseJson } from '#shared/contracts/parse-json.ts';
import { createObjectReader, type ObjectReader } from '#shared/record-files/s3-objects.ts';
import { statusOf } from '#shared/retry.ts';
import { type Report, reportKey, reportSchema } from './report.ts';

/** A report as it lies in the bucket; the tag changes with every write. */
export interface StoredReport {
  /** Undefined where what lies there is none. */
  readonly report: Report | undefined;
  readonly tag: string;
}

/** The intake bucket as the function sees it. */
export interface IntakeBucket extends ObjectReader {
  readonly name: string;
  readReport(key: string): Promise<StoredReport | undefined>;
  /** Replaces the report of that tag, or writes the first; gives the new tag, or undefined where another run was first. */
  writeReport(key: string, report: Report, tag: string | undefined): Promise<string | undefined>;
}

/** The intake bucket in S3. */
export function createIntakeBucket(client: S3Client, name: string): IntakeBucket {
  const send = (input: { Key: string }) =>
    client.send(new GetObjectCommand({ Bucket: name, ...input }));

  return {
    name,
    ...createObjectReader(client, name),
    async readReport(key) {
      try {
        const { Body, ETag = '' } = await send({ Key: reportKey(key) });
        const text = (await Body?.transformToString()) ?? '';
        return { report: parseReport(text), tag: ETag };
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw error;
      }
    },
    async writeReport(key, report, tag) {
      const Body = JSON.stringify(report, undefined, 2);
      try {
        const { ETag = '' } = await client.send(
          new PutObjectCommand({
            Bucket: name,
            Key: reportKey(key),
            Body,
            ContentType: 'application/json',
            ...(tag === undefined ? { IfNoneMatch: '*' } : { IfMatch: tag }),
          }),
        );
        return ETag;
      } catch (error) {
        // 404: there is none of that tag, since it was deleted. 409: another is being written just now.
        if (![404, 409, 412].includes(statusOf(error) ?? 0)) throw error;
        // The client sends again where an answer was lost: what is there may be this very one.
        const { Body: there, ETag } = await send({ Key: reportKey(key) });
        return (await there?.transformToString()) === Body ? ETag : undefined;
      }
    },
  };
}

function parseReport(text: string): Report | undefined {
  try {
    return reportSchema.parse(parseJson(text));
  } catch {
    return undefined;
  }
}
