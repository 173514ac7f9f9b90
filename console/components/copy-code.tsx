import { useState } from 'preact/hooks';
import { Scroller } from './scroller.tsx';

interface CopyCodeProps {
  /** What the code is, as in `curl`. */
  readonly label: string;
  readonly code: string;
}

/** Code with a button that copies it. */
export function CopyCode({ label, code }: CopyCodeProps) {
  const [said, setSaid] = useState('');
  const copy = () =>
    navigator.clipboard.writeText(code).then(
      () => setSaid('Copied'),
      () => setSaid('Select it and copy: the browser does not let the page'),
    );
  return (
    <div class="copy-code">
      <Scroller class="copy-code-text" label={label}>
        <pre>
          <code>{code}</code>
        </pre>
      </Scroller>
      <p class="copy-code-bar">
        <button type="button" onClick={copy} onBlur={() => setSaid('')}>
          Copy {label}
        </button>
        <span role="status">{said}</span>
      </p>
    </div>
  );
}
