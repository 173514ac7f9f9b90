import type { ParkedFailure } from '#shared/dead-letters/object.ts';
import type { Marker } from '#shared/dead-letters/read.ts';
import type { KeyedBlob, RedriveDeps } from '#shared/dead-letters/redrive.ts';

/** A failures bucket and a stream in memory, which outlive the runs that work on them. */
export function createSimulation(failures: Record<string, ParkedFailure>) {
  const parked = new Map(Object.entries(failures));
  const markers = new Map<string, Marker>();
  const stream: KeyedBlob[] = [];
  let writes = 0;

  /** What one run sees; at its step `dieAt` the process dies, just before or just after the step took effect. */
  function run(death?: { at: number; when: 'before' | 'after' }) {
    let steps = 0;
    let dead = false;
    const step = async <T>(effect: () => T): Promise<T> => {
      const died = () => new Error('the process died');
      if (dead) throw died();
      steps += 1;
      const last = steps === death?.at;
      if (last) dead = true;
      if (last && death?.when === 'before') throw died();
      const value = effect();
      if (last) throw died();
      return value;
    };
    const deps: RedriveDeps = {
      list: async () =>
        [...parked.keys()].map((key, index) => ({
          key,
          size: 100,
          parkedAt: index,
          ...(markers.has(key) && { marker: markers.get(key) }),
        })),
      read: async (key) => {
        const failure = parked.get(key);
        if (!failure) throw new Error(`${key} cannot be read`);
        return failure;
      },
      putMarker: (key, reason, previousTag) =>
        step(() => {
          if (markers.get(key)?.tag !== previousTag) return false;
          writes += 1;
          markers.set(key, { reason, claimedAt: 'then', tag: `tag-${writes}` });
          return true;
        }),
      completeMarker: (key, reason) =>
        step(() => {
          writes += 1;
          markers.set(key, { reason, claimedAt: 'then', sentAt: 'now', tag: `tag-${writes}` });
        }),
      send: (blobs) =>
        step(() => {
          stream.push(...blobs);
          return { stranded: [] };
        }),
    };
    return { deps, steps: () => steps };
  }

  return { parked, markers, stream, run };
}

/** A failure object of one record. */
export function rejected(text: string, reason: ParkedFailure['reason'] = 'inference-failed') {
  return { reason, blobs: [{ data: Buffer.from(text), partitionKey: `key of ${text}` }] };
}
