import type { Operation, S3Request } from '../context.ts';
import { S3Error } from '../s3-error.ts';
import { copyObject } from './copy-object.ts';
import { createBucket } from './create-bucket.ts';
import { deleteBucket } from './delete-bucket.ts';
import { deleteObject } from './delete-object.ts';
import { getObject } from './get-object.ts';
import { getObjectTagging } from './get-object-tagging.ts';
import { headBucket } from './head-bucket.ts';
import { headObject } from './head-object.ts';
import { listBuckets } from './list-buckets.ts';
import { listObjectsV2 } from './list-objects-v2.ts';
import { putObject } from './put-object.ts';
import { putObjectTagging } from './put-object-tagging.ts';

/** Sub-resources that are answered; any other in a query is refused rather than taken for a plain call. */
const SUBRESOURCES = [
  'acl',
  'cors',
  'delete',
  'lifecycle',
  'location',
  'object-lock',
  'policy',
  'retention',
  'tagging',
  'uploads',
  'uploadId',
  'versioning',
  'versions',
  'website',
];

const bucketOperations: Record<string, Operation> = {
  PUT: createBucket,
  HEAD: headBucket,
  DELETE: deleteBucket,
};
const objectOperations: Record<string, Operation> = {
  PUT: putObject,
  GET: getObject,
  HEAD: headObject,
  DELETE: deleteObject,
};

/** The operation that a request asks for. */
export function operationOf(method: string, request: S3Request): Operation {
  const { bucket, key, query, headers } = request;
  const sub = SUBRESOURCES.find((name) => query.has(name));
  const found = find(method, bucket, key, sub, query, headers['x-amz-copy-source'] !== undefined);
  if (found !== undefined) return found;
  throw new S3Error('NotImplemented', 501, `${method} ${sub ?? ''} is not offered here`);
}

function find(
  method: string,
  bucket: string,
  key: string,
  sub: string | undefined,
  query: URLSearchParams,
  copies: boolean,
): Operation | undefined {
  if (bucket === '') return method === 'GET' ? listBuckets : undefined;
  if (key === '') {
    if (sub !== undefined) return undefined;
    return method === 'GET' && query.get('list-type') === '2'
      ? listObjectsV2
      : bucketOperations[method];
  }
  if (sub === 'tagging') {
    return method === 'GET' ? getObjectTagging : method === 'PUT' ? putObjectTagging : undefined;
  }
  if (sub !== undefined) return undefined;
  return method === 'PUT' && copies ? copyObject : objectOperations[method];
}
