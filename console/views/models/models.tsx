import { readHealth } from '../../api/calls.ts';
import { usePolled } from '../../api/use-polled.ts';
import { PolledPart } from '../../components/polled-part.tsx';
import type { Place } from '../../location.ts';

const EVERY_MS = 60_000;

/** Which models are loaded, and whether today's texts are like those before. */
export function ModelsView(_: { readonly place: Place }) {
  const polled = usePolled('models', readHealth, EVERY_MS);
  return (
    <PolledPart what="the models" polled={polled}>
      {({ pipelineVersion, models }) => (
        <section class="panel stack" aria-labelledby="loaded">
          <h2 id="loaded">
            Pipeline <code>{pipelineVersion}</code>
          </h2>
          <table>
            <thead>
              <tr>
                <th scope="col">Model</th>
                <th scope="col">Version</th>
                <th scope="col">Tasks</th>
                <th scope="col">Languages</th>
              </tr>
            </thead>
            <tbody>
              {models.map(({ name, version, tasks, languages }) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td>
                    <code>{version}</code>
                  </td>
                  <td>{tasks.join(', ')}</td>
                  <td>{languages.join(', ') || 'any'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </PolledPart>
  );
}
