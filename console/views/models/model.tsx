import type { AnswerOf } from '../../api/contract.ts';
import { Scroller } from '../../components/scroller.tsx';

type LoadedModel = AnswerOf<'listModels'>['models'][number];

/** What a head tells apart. Labels of tokens that begin or continue a span, as in `B-PER`, are of one type. */
function typesOf({ task, labels }: LoadedModel['heads'][number]): readonly string[] {
  if (task === 'labels') return labels;
  const types = labels.map((label) => label.replace(/^[BIESLU]-/, ''));
  return [...new Set(types)].filter((type) => type !== 'O');
}

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
        {heads.map((head) => [
          <dt key={`${head.task} ${head.name}`}>
            {[head.task, name].includes(head.name) ? head.task : `${head.task}: ${head.name}`}
          </dt>,
          <dd key={`${head.task} ${head.name} labels`}>
            {head.labels.length > 0 ? typesOf(head).join(', ') : 'spans of the text'}
          </dd>,
        ])}
      </dl>
      {figures.length === 0 ? (
        <p class="small muted">Its card has no figures.</p>
      ) : (
        <Scroller class="table-scroll" label={`Figures of ${name}, in per cent`}>
          <table class="small">
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
        </Scroller>
      )}
    </article>
  );
}
