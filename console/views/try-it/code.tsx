import { useState } from 'preact/hooks';
import { useDeployment } from '../../api/deployment.ts';
import { CopyCode } from '../../components/copy-code.tsx';
import { bodyOf, type Draft } from './draft.ts';
import { codeLanguages, codeOf } from './request-code.ts';

/** Longer texts are left to be pasted by hand: nobody reads code with 100 KB in one line. */
const MOST_SHOWN = 4_000;

/** The request as a program, to copy. */
export function RequestCode({ draft }: { readonly draft: Draft }) {
  const { apiUrl, needsKey } = useDeployment();
  const [language, setLanguage] = useState(codeLanguages[0] as (typeof codeLanguages)[number]);
  const isLong = draft.text.length > MOST_SHOWN;
  const body = bodyOf(isLong ? { ...draft, text: 'YOUR TEXT' } : draft);
  return (
    <section class="panel stack try-code" aria-labelledby="code">
      <div class="row spread">
        <h2 id="code">The same as a program</h2>
        <fieldset>
          <legend class="visually-hidden">Language of the program</legend>
          <div class="row">
            {codeLanguages.map((one) => (
              <label class="check" key={one}>
                <input
                  type="radio"
                  name="code-language"
                  checked={one === language}
                  onChange={() => setLanguage(one)}
                />
                {one}
              </label>
            ))}
          </div>
        </fieldset>
      </div>
      {isLong && <p class="small muted">The text is long, so YOUR TEXT stands for it.</p>}
      <CopyCode label={language} code={codeOf(language, { apiUrl, body, needsKey })} />
      {needsKey && (
        <p class="small muted">It reads the key from the variable SPANSTREAM_API_KEY.</p>
      )}
    </section>
  );
}
