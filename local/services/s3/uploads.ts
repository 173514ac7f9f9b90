import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { xmlAnswer } from '../xml.ts';
import { type ObjectHead, s3Error } from './bucket-store.ts';
import { newHead, putObject } from './objects.ts';
import { decodeBody, type S3Context, type S3Operations, type S3Request } from './request.ts';

/** Ten thousand parts, each with its number, its ETag and a checksum. */
const LIST_BYTES = 4 * 1024 * 1024;
const MOST_PARTS = 10_000;
const HEAD = 'head.json';
const UPLOAD_ID = /^[0-9a-f-]{36}$/;

/** The folder of an upload: its head, and a file for each part, named by number and MD5. */
async function folderOf({ store }: S3Context, { bucket, key, query }: S3Request) {
  const id = query.get('uploadId') ?? '';
  const folder = join(store.uploadsOf(bucket), UPLOAD_ID.test(id) ? id : 'none');
  const head = await readFile(join(folder, HEAD), 'utf8').then(
    (text): Omit<ObjectHead, 'size' | 'etag'> => JSON.parse(text),
    () => undefined,
  );
  if (head?.key === key) return { folder, head };
  throw s3Error('NoSuchUpload', 404, 'The specified upload does not exist.');
}

/** Operations on objects that are put in parts. */
export const uploadOperations: S3Operations = {
  /** CreateMultipartUpload. */
  'object POST uploads': async ({ store, now }, request) => {
    const { bucket: Bucket, key: Key } = request;
    const UploadId = randomUUID();
    const folder = join(store.uploadsOf(Bucket), UploadId);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, HEAD), JSON.stringify(newHead(request, now())));
    return xmlAnswer('InitiateMultipartUploadResult', { Bucket, Key, UploadId });
  },
  /** UploadPart; a part that is put again replaces the one before. */
  'object PUT uploadId': async (context, request) => {
    const number = Number(request.query.get('partNumber'));
    if (!Number.isInteger(number) || number < 1 || number > MOST_PARTS) {
      throw s3Error('InvalidArgument', 400, `partNumber: must be 1 to ${MOST_PARTS}`);
    }
    const { folder } = await folderOf(context, request);
    const bytes = decodeBody(request);
    const md5 = createHash('md5').update(bytes).digest('hex');
    const path = join(folder, `.${randomUUID()}`);
    await writeFile(path, bytes);
    await rename(path, join(folder, `${number}-${md5}`));
    return { headers: { etag: `"${md5}"` } };
  },
  /** CompleteMultipartUpload. */
  'object POST uploadId': async (context, request) => {
    const { folder, head } = await folderOf(context, request);
    const parts = partsOf(request.body);
    const files = new Set(await readdir(folder));
    const missing = parts.some(({ file }) => !files.has(file));
    if (missing) throw s3Error('InvalidPart', 400, 'a part is missing, or has another ETag');
    const paths = parts.map(({ file }) => join(folder, file));
    const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
    const md5s = createHash('md5').update(Buffer.from(parts.map(({ md5 }) => md5).join(''), 'hex'));
    const etag = `"${md5s.digest('hex')}-${parts.length}"`;
    const size = sizes.reduce((sum, one) => sum + one, 0);
    const made = { ...head, lastModified: context.now(), size, etag };
    await putObject(context, request, made, joined(paths), 'CompleteMultipartUpload');
    await rm(folder, { recursive: true, force: true });
    const { bucket: Bucket, key: Key } = request;
    return xmlAnswer('CompleteMultipartUploadResult', { Bucket, Key, ETag: etag });
  },
  /** AbortMultipartUpload. */
  'object DELETE uploadId': async (context, request) => {
    const { folder } = await folderOf(context, request);
    await rm(folder, { recursive: true, force: true });
    return { statusCode: 204 };
  },
};

async function* joined(paths: readonly string[]) {
  for (const path of paths) yield* createReadStream(path);
}

/** The parts that a request lists, in the order of their numbers. */
function partsOf(body: Buffer): { file: string; md5: string }[] {
  const xml = body.length > LIST_BYTES ? '' : body.toString('utf8');
  const [, ...listed] = xml.split('<Part>');
  const parts = listed.map((part) => ({
    number: Number(/<PartNumber>(\d{1,5})<\/PartNumber>/.exec(part)?.[1]),
    md5: /<ETag>\s*(?:"|&quot;|&#34;)?([0-9a-f]{32})/.exec(part)?.[1] ?? '',
  }));
  const isInOrder = parts.every(({ number }, at) => number > (parts[at - 1]?.number ?? 0));
  if (parts.length === 0)
    throw s3Error('MalformedXML', 400, 'the list of parts is not well-formed');
  if (!isInOrder) throw s3Error('InvalidPartOrder', 400, 'the parts are not in ascending order');
  return parts.map(({ number, md5 }) => ({ file: `${number}-${md5}`, md5 }));
}
