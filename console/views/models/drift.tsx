import type { AnswerOf } from '../../api/contract.ts';
import { Time } from '../../components/time.tsx';
import { formatNumber, formatShare } from '../../format.ts';

type TaskDrift = AnswerOf<'listModels'>['drift'][number];

/** From these on, by the custom of the index: something to look at, and texts of another kind. */
const LOOK = 0.1;
const OTHER = 0.25;

function levelOf(value: number) {
  if (value < LOOK) return { name: 'alike', class: 'level-alike' };
  return value <= OTHER
    ? { name: 'worth a look', class: 'level-look' }
    : { name: 'other texts', class: 'level-other' };
}

/** How far the texts of one task are from its reference, by label and by score. */
export function Drift({ drift }: { readonly drift: TaskDrift }) {
  const { task, value, reference, present, labels, scores } = drift;
  const level = value === null ? undefined : levelOf(value);
  return (
    <article class="panel stack">
      <header class="row spread">
        <h3>{task}</h3>
        {level && value !== null ? (
          <p class={`level ${level.class}`}>
            <span class="plot-figure">{value.toFixed(2)}</span> {level.name}
          </p>
        ) : (
          <p class="muted">too few texts to say</p>
        )}
      </header>
      <p class="small muted">
        Reference: {formatNumber(reference.texts)} of {formatNumber(reference.wanted)} texts. Now:{' '}
        {formatNumber(present.texts)} texts
        {present.from !== undefined && (
          <>
            {' '}
            since <Time value={present.from} />
          </>
        )}
        .
      </p>
      {labels.length > 0 && (
        <Shares
          hasPresent={present.texts > 0}
          what="Label"
          task={task}
          rows={labels.map(({ label, ...shares }) => ({ name: label, ...shares }))}
        />
      )}
      {scores.length > 0 && (
        <Shares
          hasPresent={present.texts > 0}
          what="Score"
          task={task}
          rows={scores.map(({ from, to, ...shares }) => ({ name: `${from} to ${to}`, ...shares }))}
        />
      )}
    </article>
  );
}

interface SharesProps {
  /** Whether there are texts to compare with the reference. */
  readonly hasPresent: boolean;
  readonly what: string;
  readonly task: string;
  readonly rows: readonly {
    readonly name: string;
    readonly reference: number;
    readonly present: number;
  }[];
}

/** Two distributions side by side, in figures and as bars. */
function Shares({ hasPresent, what, task, rows }: SharesProps) {
  const most = Math.max(...rows.flatMap(({ reference, present }) => [reference, present]), 0.01);
  return (
    <table class="shares small">
      <caption class="visually-hidden">
        {what} of {task}: share in the reference, and now
      </caption>
      <thead>
        <tr>
          <th scope="col">{what}</th>
          <th scope="col" class="number">
            <span class="key key-reference" aria-hidden="true" /> Reference
          </th>
          <th scope="col" class="number">
            <span class="key" aria-hidden="true" /> Now
          </th>
          <td />
        </tr>
      </thead>
      <tbody>
        {rows.map(({ name, reference, present }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td class="number">{formatShare(reference)}</td>
            <td class="number">{hasPresent ? formatShare(present) : '–'}</td>
            <td class="bars" aria-hidden="true">
              <span
                class="bar bar-reference"
                style={{ inlineSize: `${(reference / most) * 100}%` }}
              />
              {hasPresent && (
                <span class="bar" style={{ inlineSize: `${(present / most) * 100}%` }} />
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
