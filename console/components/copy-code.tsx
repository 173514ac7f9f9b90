import { useState } from 'preact/hooks';

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
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard. */}
      <pre tabIndex={0} role="region" aria-label={label}>
        <code>{code}</code>
      </pre>
      <p class="copy-code-bar">
        <button type="button" onClick={copy} onBlur={() => setSaid('')}>
          Copy {label}
        </button>
        <span role="status">{said}</span>
      </p>
    </div>
  );
}
