import type { SessionPort } from '#shared/nlp/engine/session-port.ts';
import { openSession, type Session } from '#shared/nlp/onnx.ts';

/** Holds sessions in this very thread: starts at once, for tests that make many engines. */
export function openInProcessPort(): SessionPort {
  const sessions = new Map<number, Session>();
  return {
    async load(model, [graph]) {
      if (graph === undefined) throw new Error('a model without a graph');
      const session = await openSession(graph.path, graph);
      sessions.set(model, session);
      return session.signature;
    },
    async run(model, batch) {
      const session = sessions.get(model);
      if (session === undefined) throw new Error(`model ${model} is not loaded`);
      return session.run(batch);
    },
    async close() {
      await Promise.all([...sessions.values()].map((session) => session.release()));
    },
  };
}
