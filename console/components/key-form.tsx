import { useState } from 'preact/hooks';
import { setAccessKey } from '../api/access-key.ts';
import { Field } from './field.tsx';

/** Asks for the API's key. */
export function KeyForm({ refused }: { readonly refused: boolean }) {
  const [key, setKey] = useState('');
  const give = (event: Event) => {
    event.preventDefault();
    if (key.trim() !== '') setAccessKey(key.trim());
  };
  return (
    <form class="key-form panel" onSubmit={give}>
      <h2>The API asks for a key</h2>
      {refused && <p role="alert">The API did not take the key. Give another one.</p>}
      <Field
        label="API key"
        hint="It stays in this tab, and is forgotten when the tab is closed. Whoever runs the deployment has it: the output ApiKeyId names it on API Gateway."
      >
        {(id, hintId) => (
          <input
            id={id}
            aria-describedby={hintId}
            type="password"
            autoComplete="off"
            value={key}
            onInput={(event) => setKey(event.currentTarget.value)}
          />
        )}
      </Field>
      <button type="submit" class="primary">
        Use this key
      </button>
    </form>
  );
}
