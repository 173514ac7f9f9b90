import { readModels } from '../../api/calls.ts';
import { usePolled } from '../../api/use-polled.ts';
import { Notice } from '../../components/notice.tsx';
import { PolledPart } from '../../components/polled-part.tsx';
import type { Place } from '../../location.ts';
import { Drift } from './drift.tsx';
import { Model } from './model.tsx';

const EVERY_MS = 60_000;

/** Which models are loaded, how good they are, and whether the texts are still like those of the reference. */
export function ModelsView(_: { readonly place: Place }) {
  const polled = usePolled('models', readModels, EVERY_MS);
  return (
    <PolledPart what="the models" polled={polled}>
      {({ pipelineVersion, models, drift }) => (
        <div class="stack">
          <p>
            Pipeline version <code>{pipelineVersion}</code>
          </p>
          <div class="models">
            {models.map((model) => (
              <Model key={model.name} model={model} />
            ))}
          </div>
          <section class="stack" aria-labelledby="drift">
            <h2 id="drift">Drift</h2>
            <p class="muted">
              How far the texts of now are from those that this pipeline version read first: the
              population stability index of labels and of scores, the larger of the two. It is the
              metric Drift.
            </p>
            {drift.length === 0 ? (
              <Notice kind="empty" title="No text came by the stream yet">
                <p>The first ones that this pipeline version reads become its reference.</p>
              </Notice>
            ) : (
              <div class="models">
                {drift.map((one) => (
                  <Drift key={one.task} drift={one} />
                ))}
              </div>
            )}
          </section>
        </div>
      )}
    </PolledPart>
  );
}
