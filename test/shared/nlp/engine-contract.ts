import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineError, InferenceError } from '#shared/errors.ts';
import {
  type AnalysisOutcome,
  type AnalysisRequest,
  type TextEngine,
  taskNames,
} from '#shared/nlp/types.ts';

/** A text engine, and what a test must be able to do to it. */
export interface EngineUnderTest {
  readonly engine: TextEngine;
  /** A text that fails alone. */
  readonly badText: string;
  /** Keeps texts from being read until what it returns is called. */
  hold(): () => void;
  /** Takes away what the engine cannot work without, until what it returns is called. */
  sicken(): () => void;
}

const texts = ['Ada', 'Rome. Rome.', 'Ada visits Rome.'].map((text) => ({ text }));
const kinds = (outcomes: readonly AnalysisOutcome[]) =>
  outcomes.map((outcome) => (outcome.ok ? 'read' : 'bad'));
const tokens = (outcomes: readonly AnalysisOutcome[]) =>
  outcomes.map((outcome) => (outcome.ok ? outcome.value.tokens : -1));

/** What every text engine does, doubles included: consumers are written against this and nothing else. */
export function describeTextEngine(
  name: string,
  make: () => Promise<EngineUnderTest> | EngineUnderTest,
): void {
  describe(`${name}, as a text engine`, () => {
    let made: EngineUnderTest;
    let engine: TextEngine;
    beforeEach(async () => {
      made = await make();
      engine = made.engine;
    });
    afterEach(() => engine.close());

    it('gives an outcome for each request, in their order', async () => {
      const outcomes = await engine.analyze(texts);

      expect(kinds(outcomes)).toEqual(['read', 'read', 'read']);
      expect(tokens(await engine.analyze(texts.toReversed()))).toEqual(
        tokens(outcomes).toReversed(),
      );
      expect(await engine.analyze([])).toEqual([]);
    });

    it('leaves empty what is not asked for, and says what no model serves', async () => {
      const served = new Set(engine.models.flatMap((model) => model.tasks));

      for (const task of taskNames.filter((name) => name !== 'pii')) {
        const [outcome] = await engine.analyze([{ text: 'Ada visits Rome.', tasks: [task] }]);
        if (!outcome?.ok) throw outcome?.error;
        const { value } = outcome;
        expect(value.unserved).toEqual(served.has(task) ? [] : [task]);
        const others = taskNames.filter((name) => name !== task);
        expect(others.map((name) => value[name])).toEqual(others.map(() => []));
      }
    });

    it('takes a text to be in the language that its request names', async () => {
      const languages = ['pt-BR', 'JA', 'und'];
      const outcomes = await engine.analyze([
        ...languages.map((language) => ({ text: 'Ada', language })),
        { text: 'Ada', language: 'no language' },
      ]);

      expect(kinds(outcomes)).toEqual(['read', 'read', 'read', 'bad']);
      expect(outcomes.map((outcome) => outcome.ok && outcome.value.language)).toEqual([
        'pt',
        'ja',
        'und',
        false,
      ]);
    });

    it('gives requests of different tasks what each is given alone', async () => {
      const requests: AnalysisRequest[] = [
        { text: 'Ada visits Rome.', tasks: ['tags', 'labels'] },
        { text: 'Ada visits Rome.', language: 'de' },
        { text: 'Rome. Rome.', tasks: ['entities'], questions: ['Where?'] },
        { text: 'Rome. Rome.', questions: ['Where?'], topK: 2 },
      ];

      const together = await engine.analyze(requests);

      for (const [index, request] of requests.entries()) {
        expect([together[index]]).toEqual(await engine.analyze([request]));
      }
    });

    it('lets a bad text fail alone, wherever it stands, and goes on', async () => {
      const bad = { text: made.badText };

      const outcomes = await engine.analyze([bad, ...texts, bad]);

      expect(kinds(outcomes)).toEqual(['bad', 'read', 'read', 'read', 'bad']);
      expect(outcomes[0]).toMatchObject({ error: expect.any(InferenceError) });
      expect(kinds(await engine.analyze(texts))).toEqual(['read', 'read', 'read']);
    });

    it('rejects with the reason of a signal that has aborted', async () => {
      const reason = new Error('too late');

      await expect(engine.analyze(texts, { signal: AbortSignal.abort(reason) })).rejects.toBe(
        reason,
      );
      await expect(engine.analyze([], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    });

    it('rejects as soon as a signal aborts, whatever is being read', async () => {
      const release = made.hold();
      const controller = new AbortController();
      const reason = new Error('too late');
      const given = engine.analyze(texts, { signal: controller.signal });
      await nextTurn();

      controller.abort(reason);

      await expect(given).rejects.toBe(reason);
      release();
    });

    it('answers later calls after one that was given up', async () => {
      const release = made.hold();
      const controller = new AbortController();
      const given = engine.analyze(texts, { signal: controller.signal });
      const later = engine.analyze(texts);
      await nextTurn();
      controller.abort();
      await expect(given).rejects.toBe(controller.signal.reason);

      release();

      expect(kinds(await later)).toEqual(['read', 'read', 'read']);
    });

    it('leaves nothing on a signal that outlives its calls', async () => {
      const { signal } = new AbortController();
      const added: unknown[] = [];
      const removed: unknown[] = [];
      const { addEventListener, removeEventListener } = signal;
      signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
        added.push(args[1]);
        return addEventListener.apply(signal, args);
      };
      signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
        removed.push(args[1]);
        return removeEventListener.apply(signal, args);
      };

      await engine.analyze(texts, { signal });
      await nextTurn();

      expect(new Set(removed)).toEqual(new Set(added));
    });

    it('rejects when it is ill, charging no text, and recovers', async () => {
      const heal = made.sicken();

      await expect(engine.analyze(texts)).rejects.toBeInstanceOf(EngineError);
      await expect(engine.analyze([{ text: made.badText }])).rejects.toBeInstanceOf(EngineError);
      heal();

      expect(kinds(await engine.analyze(texts))).toEqual(['read', 'read', 'read']);
    });

    it('rejects what it can no longer read once it is closed', async () => {
      await engine.close();
      await engine.close();

      await expect(engine.analyze(texts)).rejects.toBeInstanceOf(EngineError);
    });
  });
}
