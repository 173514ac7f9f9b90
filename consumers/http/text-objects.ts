import type { Readable } from 'node:stream';
import { type ObjectHeaders, objectTooLarge } from './decode-text.ts';
import type { LoadS3 } from './lazy-clients.ts';

/** An object of a bucket. */
export interface StoredObject extends ObjectHeaders {
  readonly bytes: Uint8Array;
}

/** The objects of the intake bucket whose texts calls name. */
export interface TextObjects {
  readonly name: string;
  /**
   * Reads an object.
   *
   * @throws {ValidationError} `too-large` where it has more bytes than that, of which none are kept; what S3 says otherwise
   */
  get(key: string, maximumBytes: number, signal: AbortSignal): Promise<StoredObject>;
}

/** The S3 adapter. */
export function createTextObjects(name: string, load: LoadS3): TextObjects {
  return {
    name,
    async get(Key, maximumBytes, abortSignal) {
      const { GetObjectCommand, client } = await load();
      const answer = await client.send(new GetObjectCommand({ Bucket: name, Key }), {
        abortSignal,
      });
      const { ContentType, ContentEncoding, ContentLength = 0 } = answer;
      // In Node the body is a stream.
      const body = answer.Body as Readable;
      const chunks: Uint8Array[] = [];
      let length = ContentLength;
      if (length <= maximumBytes) {
        length = 0;
        for await (const chunk of body) {
          length += chunk.length;
          chunks.push(chunk);
          if (length > maximumBytes) break;
        }
      }
      if (length > maximumBytes) {
        body.destroy();
        throw objectTooLarge();
      }
      return {
        bytes: Buffer.concat(chunks),
        contentType: ContentType,
        contentEncoding: ContentEncoding,
      };
    },
  };
}
