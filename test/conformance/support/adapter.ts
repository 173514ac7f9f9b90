import { randomBytes } from 'node:crypto';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { LocalService } from '#local/services/local-service.ts';
import { installMinistack, startMinistack } from '#test/cloud/ministack.ts';

/** One implementation of a port that a suite runs against. */
export interface Adapter {
  name: string;
  /** Why the adapter is left out of this run; it runs when there is no reason. */
  skip?: string;
  /** Starts it; real services have no endpoint to start. */
  start(): Promise<{ endpoint?: string; close(): Promise<void> }>;
}

/** An adapter of one of the stand-ins. */
export function localAdapter(name: string, start: () => Promise<LocalService>): Adapter {
  return { name, start };
}

/** The adapter of MiniStack, which others wrote; it is made where there is Python and a package index. */
async function ministackAdapter(): Promise<Adapter> {
  const install = await installMinistack();
  return {
    name: 'ministack',
    ...('missing' in install && { skip: install.missing }),
    start: async () => {
      const { endpoint, stop } = await startMinistack();
      return { endpoint, close: stop };
    },
  };
}

/** The adapter of the real service; it runs when SPANSTREAM_CONFORMANCE=aws says so. */
function awsAdapter(): Adapter {
  const wanted = process.env.SPANSTREAM_CONFORMANCE === 'aws';
  return {
    name: 'aws',
    ...(!wanted && {
      skip: 'set SPANSTREAM_CONFORMANCE=aws and credentials to run against the account (costs a few cents)',
    }),
    start: async () => ({ close: async () => undefined }),
  };
}

/** What a suite runs against: a stand-in of ours, MiniStack, and where it is asked for the real service. */
export async function adaptersBeside(
  start: () => Promise<LocalService>,
  name = 'our own',
): Promise<Adapter[]> {
  return [localAdapter(name, start), await ministackAdapter(), awsAdapter()];
}

/** Configuration of an SDK client for an adapter: HTTP/1.1, made-up credentials where there is an endpoint. */
export function clientConfig(endpoint: string | undefined) {
  return {
    requestHandler: new NodeHttpHandler(),
    ...(endpoint && {
      endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    }),
  };
}

/** A name that no other run uses. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`;
}
