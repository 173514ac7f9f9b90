import type { AnswerOf } from '../../api/contract.ts';

type LoadedModel = AnswerOf<'listModels'>['models'][number];

/** What a head tells apart: of labels that begin or continue a span, as in `B-PER`, the type once. */
const typesOf = (labels: readonly string[]): readonly string[] =>
  labels.includes('O')
    ? [
        ...new Set(
          labels.filter((label) => label !== 'O').map((label) => label.replace(/^[BIESLU]-/, '')),
        ),
      ]
    : labels;

const languageName = (tag: string): string => (tag === '*' ? 'any' : tag);

/** A loaded model: its heads, and what its card says of how well they do. */
export function Model({ model }: { readonly model: LoadedModel }) {
  const { name, version, languages, heads, figures } = model;
  return (
    <article class="panel stack">
      <div>
        <h2>{name}</h2>
        <p class="small muted">
          version <code>{version}</code>, languages {languages.map(languageName).join(', ')}
        </p>
      </div>
      <dl class="facts small">
        {heads.map(({ task, name: head, labels }) => [
          <dt key={`${task} ${head}`}>
            {head === task || head === name ? task : `${task}: ${head}`}
          </dt>,
          <dd key={`${task} ${head} labels`}>
            {labels.length > 0 ? typesOf(labels).join(', ') : 'spans of the text'}
          </dd>,
        ])}
      </dl>
      {figures.length === 0 ? (
        <p class="small muted">Its card has no figures.</p>
      ) : (
        <div class="table-scroll">
          <table class="small">
            <caption class="visually-hidden">Figures of {name}, in per cent</caption>
            <thead>
              <tr>
                <th scope="col">Task</th>
                <th scope="col">Data</th>
                <th scope="col">Metric</th>
                <th scope="col" class="number">
                  Per cent
                </th>
              </tr>
            </thead>
            <tbody>
              {figures.map(({ task, name: head, data, metric, value }) => (
                <tr key={`${task} ${head} ${data} ${metric}`}>
                  <td>{head ?? task}</td>
                  <td>{data}</td>
                  <td>{metric}</td>
                  <td class="number">{value.toFixed(1)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </article>
  );
}
