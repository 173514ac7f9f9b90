import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
} from '@aws-sdk/client-s3';
import { startS3 } from '#local/services/s3/index.ts';
import { adaptersBeside, clientConfig, uniqueName } from '../support/adapter.ts';
import { describeFacts, type Fact, refusal } from './facts.ts';

const API = 's3/test_s3_api.py::';
const WRITES = `${API}TestS3ObjectWritePrecondition::`;
const LISTS = 's3/test_s3_list_operations.py::TestS3ListObjectsV2::';

function connect(endpoint: string | undefined) {
  const client = new S3Client({ ...clientConfig(endpoint), forcePathStyle: true });
  const made: string[] = [];
  const destroy = async () => {
    for (const Bucket of made) {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }));
      for (const { Key } of Contents) await client.send(new DeleteObjectCommand({ Bucket, Key }));
      await client.send(new DeleteBucketCommand({ Bucket }));
    }
    client.destroy();
  };
  return { client, made, destroy };
}
type Connection = ReturnType<typeof connect>;

/** A bucket of its own with such keys in it. */
async function bucketOf({ client, made }: Connection, keys: readonly string[] = []) {
  const Bucket = uniqueName('recorded');
  await client.send(new CreateBucketCommand({ Bucket }));
  made.push(Bucket);
  const put = (Key: string, given: Partial<PutObjectCommandInput> = {}) =>
    client.send(new PutObjectCommand({ Bucket, Key, ...given }));
  for (const key of keys) await put(key, { Body: 'content_key' });
  return {
    Bucket,
    put,
    get: (Key: string) => client.send(new GetObjectCommand({ Bucket, Key })),
    remove: (Key: string) => client.send(new DeleteObjectCommand({ Bucket, Key })),
    async list(given: Partial<ListObjectsV2CommandInput>) {
      const page = await client.send(new ListObjectsV2Command({ Bucket, ...given }));
      return {
        keys: page.Contents?.map(({ Key }) => Key) ?? [],
        prefixes: page.CommonPrefixes?.map(({ Prefix }) => Prefix) ?? [],
        count: page.KeyCount,
        next: page.NextContinuationToken,
      };
    },
  };
}

const FOLDERS = ['test/bar/foo/123', 'test/foo/bar/123', 'test/foo/bar/456'];
const TEN = Array.from({ length: 12 }, (_, index) => `test_${index}`);

const facts: Fact<Connection>[] = [
  {
    fact: 'refuses to write where nothing may be and something is, until that is deleted',
    recording: `${WRITES}test_put_object_if_none_match`,
    ask: async (connection) => {
      const { put, remove } = await bucketOf(connection);
      const first = await put('key', { IfNoneMatch: '*' });
      const second = await refusal(put('key', { IfNoneMatch: '*' }));
      await remove('key');
      const third = await put('key', { IfNoneMatch: '*' });
      return [first.$metadata.httpStatusCode, second, third.$metadata.httpStatusCode];
    },
    expected: [200, ['PreconditionFailed', 412], 200],
  },
  {
    fact: 'knows no other condition on what is not there than that nothing is',
    recording: `${WRITES}test_put_object_if_none_match_validation`,
    ask: async (connection) => {
      const { put } = await bucketOf(connection);
      const { ETag } = await put('key');
      return refusal(put('key', { IfNoneMatch: ETag }));
    },
    expected: ['NotImplemented', 501],
  },
  {
    fact: 'takes one condition of a write, not two',
    recording: `${WRITES}test_put_object_if_match_and_if_none_match_validation`,
    ask: async (connection) => {
      const { put } = await bucketOf(connection);
      return refusal(put('key', { IfNoneMatch: '*', IfMatch: 'd41d8cd98f00b204e9800998ecf8427e' }));
    },
    expected: ['NotImplemented', 501],
  },
  {
    fact: 'refuses to write over another object than the one that was meant',
    recording: `${WRITES}test_put_object_if_match_versioned_bucket`,
    ask: async (connection) => {
      const { put } = await bucketOf(connection);
      const { ETag } = await put('key', { Body: 'test' });
      const refused = await refusal(put('key', { IfMatch: 'nonsense' }));
      const { $metadata } = await put('key', { Body: 'other', IfMatch: ETag });
      return [refused, $metadata.httpStatusCode];
    },
    expected: [['PreconditionFailed', 412], 200],
  },
  {
    fact: 'knows no object that was meant where none is',
    recording: `${WRITES}test_put_object_if_match_versioned_bucket`,
    ask: async (connection) => {
      const { put } = await bucketOf(connection);
      const { ETag } = await put('other', { Body: 'test' });
      return refusal(put('key', { IfMatch: ETag }));
    },
    expected: ['NoSuchKey', 404],
  },
  {
    fact: 'names an object by the MD5 sum of its bytes, also of none',
    recording: `${WRITES}test_multipart_if_match_etag`,
    ask: async (connection) => {
      const { put } = await bucketOf(connection);
      return [(await put('text', { Body: 'test' })).ETag, (await put('empty')).ETag];
    },
    expected: ['"098f6bcd4621d373cade4e832627b4f6"', '"d41d8cd98f00b204e9800998ecf8427e"'],
  },
  {
    fact: 'gives back an object with its length and no metadata where none were given',
    recording: `${API}TestS3ObjectCRUD::test_get_object_with_version_unversioned_bucket`,
    ask: async (connection) => {
      const { put, get } = await bucketOf(connection);
      await put('key', { Body: 'test-version' });
      const got = await get('key');
      return [got.ContentLength, got.Metadata, got.ETag, await got.Body?.transformToString()];
    },
    expected: [12, {}, '"a8b14b49cca6ee9a2dc6e28f87cc542c"', 'test-version'],
  },
  {
    fact: 'deletes what is there and what is not alike',
    recording: `${API}TestS3ObjectCRUD::test_delete_object`,
    ask: async (connection) => {
      const { put, remove } = await bucketOf(connection);
      await put('test-delete');
      const answers = [await remove('test-delete'), await remove('non-existent')];
      return answers.map(({ $metadata }) => $metadata.httpStatusCode);
    },
    expected: [204, 204],
  },
  {
    fact: 'names the key of an object that was deleted as none',
    recording: `${API}TestS3ObjectCRUD::test_delete_object_versioned`,
    ask: async (connection) => {
      const { put, get, remove } = await bucketOf(connection);
      await put('test-delete');
      await remove('test-delete');
      return refusal(get('test-delete'));
    },
    expected: ['NoSuchKey', 404],
  },
  {
    fact: 'keeps a bucket that is not empty',
    recording: `${API}TestS3BucketCRUD::test_delete_bucket_with_objects`,
    ask: async (connection) => {
      const { Bucket, put } = await bucketOf(connection);
      await put('key');
      return refusal(connection.client.send(new DeleteBucketCommand({ Bucket })));
    },
    expected: ['BucketNotEmpty', 409],
  },
  ...(
    [
      ['test/', FOLDERS],
      ['test/foo', FOLDERS.slice(1)],
      ['test/foo/bar', FOLDERS.slice(1)],
    ] as const
  ).map(
    ([Prefix, keys]): Fact<Connection> => ({
      fact: `lists the keys that begin with ${Prefix}`,
      recording: `${LISTS}test_list_objects_v2_with_prefix`,
      ask: async (connection) => (await bucketOf(connection, FOLDERS)).list({ Prefix }),
      expected: { keys, prefixes: [], count: keys.length, next: undefined },
    }),
  ),
  ...(
    [
      ['test/', ['test/bar/', 'test/foo/']],
      ['test/foo', ['test/foo/']],
      ['test/foo/bar', ['test/foo/bar/']],
    ] as const
  ).map(
    ([Prefix, prefixes]): Fact<Connection> => ({
      fact: `lists what follows ${Prefix} up to the delimiter, and counts it as keys`,
      recording: `${LISTS}test_list_objects_v2_with_prefix_and_delimiter`,
      ask: async (connection) =>
        (await bucketOf(connection, FOLDERS)).list({ Prefix, Delimiter: '/' }),
      expected: { keys: [], prefixes, count: prefixes.length, next: undefined },
    }),
  ),
  {
    fact: 'pages through folders and keys in one order',
    recording: `${LISTS}test_list_objects_v2_continuation_common_prefixes`,
    ask: async (connection) => {
      const folder = ['aSubfolder/subFile1', 'aSubfolder/subFile2', 'file1', 'file2'];
      const { list } = await bucketOf(
        connection,
        folder.map((name) => `folder/${name}`),
      );
      const seen: unknown[] = [];
      let ContinuationToken: string | undefined;
      do {
        const asked = { Prefix: 'folder/', Delimiter: '/', MaxKeys: 1, ContinuationToken };
        const { keys, prefixes, next } = await list(asked);
        seen.push([...keys, ...prefixes]);
        ContinuationToken = next;
      } while (ContinuationToken);
      return seen;
    },
    expected: [['folder/aSubfolder/'], ['folder/file1'], ['folder/file2']],
  },
  {
    fact: 'lists keys in the order of their bytes, after the one that is named',
    recording: `${LISTS}test_list_objects_v2_continuation_start_after`,
    ask: async (connection) => {
      const { list } = await bucketOf(connection, TEN);
      const first = await list({ MaxKeys: 5 });
      const rest = await list({ ContinuationToken: first.next });
      const last = await list({ StartAfter: 'test_7', MaxKeys: 2 });
      return [first.keys, rest.keys, last.keys, last.next];
    },
    expected: [
      ['test_0', 'test_1', 'test_10', 'test_11', 'test_2'],
      ['test_3', 'test_4', 'test_5', 'test_6', 'test_7', 'test_8', 'test_9'],
      ['test_8', 'test_9'],
      undefined,
    ],
  },
  {
    fact: 'refuses an empty continuation token',
    recording: `${LISTS}test_list_objects_v2_continuation_start_after`,
    ask: async (connection) =>
      refusal((await bucketOf(connection, ['key'])).list({ ContinuationToken: '' })),
    expected: ['InvalidArgument', 400],
  },
];

describeFacts('S3', await adaptersBeside(() => startS3()), connect, facts);
