import { useEffect, useRef, useState } from 'preact/hooks';
import { analyze } from '../../api/calls.ts';
import { ApiError, messageOf } from '../../api/client.ts';
import type { AnswerOf } from '../../api/contract.ts';
import { Notice } from '../../components/notice.tsx';
import type { Place } from '../../location.ts';
import { RequestCode } from './code.tsx';
import { bodyOf, type Draft, firstDraft } from './draft.ts';
import { DraftForm } from './form.tsx';
import { Found } from './found.tsx';

type Answer = AnswerOf<'analyzeText'>;

interface State {
  readonly busy: boolean;
  readonly answer?: Answer;
  /** How long it took to answer, in milliseconds. */
  readonly took?: number;
  readonly error?: unknown;
}

/** What was typed stays while the page is open, whichever view is shown. It is not in the address, which others may see. */
let kept: Draft = firstDraft;

/** A text of one's own through the models. */
export function TryView(_: { readonly place: Place }) {
  const [draft, setDraft] = useState(kept);
  const [state, setState] = useState<State>({ busy: false });
  const running = useRef<AbortController>(null);
  useEffect(() => () => running.current?.abort(), []);
  const change = (changes: Partial<Draft>) => {
    kept = { ...draft, ...changes };
    setDraft(kept);
  };
  const ask = async () => {
    running.current?.abort();
    const mine = new AbortController();
    running.current = mine;
    const began = performance.now();
    setState((before) => ({ ...before, busy: true }));
    try {
      const answer = await analyze(bodyOf(draft), mine.signal);
      setState({ busy: false, answer, took: performance.now() - began });
    } catch (error) {
      if (!mine.signal.aborted) setState({ busy: false, error });
    }
  };
  const { busy, answer, took, error } = state;
  const fields = error instanceof ApiError ? error.fields : [];
  return (
    <div class="try">
      <DraftForm draft={draft} busy={busy} fields={fields} onChange={change} onAsk={ask} />
      <div class="stack" aria-live="polite" aria-busy={busy}>
        {error !== undefined && (
          <Notice kind="error" title="The text was not read">
            <p>{messageOf(error)}</p>
          </Notice>
        )}
        {answer && took !== undefined && <Found answer={answer} took={took} />}
        {!answer && error === undefined && (
          <Notice kind="empty" title={busy ? 'Reading …' : 'Nothing was read yet'}>
            {!busy && <p>Ask, and the spans appear here.</p>}
          </Notice>
        )}
      </div>
      <RequestCode draft={draft} />
    </div>
  );
}
