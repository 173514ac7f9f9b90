import { afterAll, beforeAll, describe, expect, vi } from 'vitest';
import type { Adapter } from '../support/adapter.ts';
import { isDifferent, itOf } from '../support/differences.ts';

/** One thing that AWS was seen to do. */
export interface Fact<Clients> {
  /** What it does, in a few words; the title of its test. */
  readonly fact: string;
  /**
   * The test of LocalStack's repository, under its `tests/aws/services/`, that saw it: its run against AWS left the answers in
   * the `.snapshot.json` beside it, or it asserts them and is marked as validated against AWS.
   */
  readonly recording: string;
  /** Does what it is about, and gives what came of it, or how to look for that where it may take a while. */
  readonly ask: (clients: Clients) => Promise<unknown>;
  readonly expected: unknown;
}

/** The error's name without the ending in which protocols differ, and the status of the answer. */
export async function refusal(call: Promise<unknown>): Promise<readonly [string, number]> {
  const error = await call.then(
    () => {
      throw new Error('it was not refused');
    },
    (thrown) => thrown,
  );
  return [String(error.name).replace(/(Exception|Error)$/, ''), error.$metadata?.httpStatusCode];
}

/**
 * How long AWS may take to show what was written, and a process on a busy machine. What is known to differ is looked for no
 * longer than that usually takes.
 */
const patience = (adapter: Adapter, fact: string) =>
  adapter.name === 'aws'
    ? { timeout: 55_000, interval: 1_000 }
    : { timeout: isDifferent(adapter, fact) ? 300 : 15_000, interval: 20 };

/** Clients of one service, with the end of them and of what was made with them. */
interface Connection {
  destroy(): Promise<void>;
}

/** Holds adapters of a service to facts. */
export function describeFacts<Clients extends Connection>(
  service: string,
  adapters: readonly Adapter[],
  connect: (endpoint: string | undefined) => Clients,
  facts: readonly Fact<Clients>[],
) {
  for (const adapter of adapters) {
    describe.skipIf(adapter.skip)(`${service} as recorded: ${adapter.skip ?? adapter.name}`, () => {
      let started: Awaited<ReturnType<Adapter['start']>>;
      let clients: Clients;
      beforeAll(async () => {
        started = await adapter.start();
        clients = connect(started.endpoint);
      });
      afterAll(async () => {
        await clients.destroy();
        await started.close();
      });
      const it = itOf(adapter);

      for (const { fact, ask, expected } of facts) {
        it(fact, async () => {
          const asked = await ask(clients);
          if (typeof asked !== 'function') return expect(asked).toEqual(expected);
          await vi.waitFor(
            async () => expect(await asked()).toEqual(expected),
            patience(adapter, fact),
          );
        });
      }
    });
  }
}
