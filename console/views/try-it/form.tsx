import type { ApiError } from '../../api/client.ts';
import { Field } from '../../components/field.tsx';
import { formatBytes } from '../../format.ts';
import { type Draft, tasks } from './draft.ts';

interface DraftFormProps {
  readonly draft: Draft;
  readonly busy: boolean;
  /** What the API said of fields. */
  readonly fields: ApiError['fields'];
  readonly onChange: (changes: Partial<Draft>) => void;
  readonly onAsk: () => void;
}

const taskNotes: Readonly<Record<(typeof tasks)[number], string>> = {
  entities: 'entities',
  answers: 'answers',
  labels: 'labels',
  tags: 'parts of speech',
  pii: 'personal data',
};

/** A text, and what is asked of it. */
export function DraftForm({ draft, busy, fields, onChange, onAsk }: DraftFormProps) {
  const { text, questions, language, store } = draft;
  const size = new TextEncoder().encode(text).length;
  const ask = (event: Event) => {
    event.preventDefault();
    onAsk();
  };
  const faultOf = (name: string) => fields.find(({ field }) => field.startsWith(name))?.message;
  const toggle = (task: string, wanted: boolean) =>
    onChange({ tasks: tasks.filter((one) => (one === task ? wanted : draft.tasks.includes(one))) });
  return (
    <form class="panel stack" onSubmit={ask}>
      <Field label="Text" hint={`${formatBytes(size)} of at most 100 KB`}>
        {(id, hintId) => (
          <textarea
            id={id}
            aria-describedby={hintId}
            aria-invalid={faultOf('text') !== undefined}
            rows={8}
            dir="auto"
            value={text}
            onInput={({ currentTarget }) => onChange({ text: currentTarget.value })}
          />
        )}
      </Field>
      <Field label="Questions" hint={faultOf('questions') ?? 'One a line, at most eight.'}>
        {(id, hintId) => (
          <textarea
            id={id}
            aria-describedby={hintId}
            aria-invalid={faultOf('questions') !== undefined}
            rows={3}
            dir="auto"
            value={questions}
            onInput={({ currentTarget }) => onChange({ questions: currentTarget.value })}
          />
        )}
      </Field>
      <fieldset>
        <legend>Tasks: none chosen leaves it to the settings</legend>
        <div class="row">
          {tasks.map((task) => (
            <label class="check" key={task}>
              <input
                type="checkbox"
                checked={draft.tasks.includes(task)}
                onChange={({ currentTarget }) => toggle(task, currentTarget.checked)}
              />
              {taskNotes[task]}
            </label>
          ))}
        </div>
      </fieldset>
      <Field
        label="Language"
        hint={faultOf('language') ?? 'Such as pt-BR; detected where left out.'}
      >
        {(id, hintId) => (
          <input
            id={id}
            aria-describedby={hintId}
            aria-invalid={faultOf('language') !== undefined}
            maxLength={35}
            spellcheck={false}
            value={language}
            onInput={({ currentTarget }) => onChange({ language: currentTarget.value })}
          />
        )}
      </Field>
      <div class="row spread">
        <label class="check">
          <input
            type="checkbox"
            checked={store}
            onChange={({ currentTarget }) => onChange({ store: currentTarget.checked })}
          />
          Store it as a result of the source http
        </label>
        <button type="submit" class="primary" disabled={busy}>
          {busy ? 'Reading …' : 'Ask'}
        </button>
      </div>
    </form>
  );
}
