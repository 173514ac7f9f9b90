import { useEffect, useState } from 'preact/hooks';
import type { FailuresAnswer } from '#shared/contracts/failures.ts';
import { readFailures, readRecord } from '../../api/calls.ts';
import { ApiError } from '../../api/client.ts';
import type { Result } from '../../api/contract.ts';
import { useDeployment } from '../../api/deployment.ts';
import { usePolled } from '../../api/use-polled.ts';
import { CopyCode } from '../../components/copy-code.tsx';
import { Field } from '../../components/field.tsx';
import { Link } from '../../components/link.tsx';
import { Notice } from '../../components/notice.tsx';
import { PolledPart } from '../../components/polled-part.tsx';
import { Time } from '../../components/time.tsx';
import { type Place, useFilters } from '../../location.ts';
import { contentsOf } from './compare.ts';
import { Content } from './content.tsx';
import { momentsOf } from './life.ts';

/** What became of one record: every result, where it was parked, and what to do about it. */
export function RecordView({ place }: { readonly place: Place }) {
  const [{ id }, setFilters] = useFilters(place, { id: '' });
  return (
    <div class="stack">
      <IdForm id={id} onGive={(next) => setFilters({ id: next })} />
      {id === '' ? (
        <Notice kind="empty" title="No record is chosen">
          <p>Give the id of one, or choose one under Texts or Failures.</p>
        </Notice>
      ) : (
        <Life key={id} id={id} />
      )}
    </div>
  );
}

function IdForm({ id, onGive }: { readonly id: string; readonly onGive: (id: string) => void }) {
  const [typed, setTyped] = useState(id);
  useEffect(() => setTyped(id), [id]);
  const give = (event: Event) => {
    event.preventDefault();
    onGive(typed.trim());
  };
  return (
    <form class="row row-end" onSubmit={give}>
      <Field label="Id of a record">
        {(inputId) => (
          <input
            id={inputId}
            class="id-input"
            value={typed}
            maxLength={128}
            spellcheck={false}
            onInput={({ currentTarget }) => setTyped(currentTarget.value)}
          />
        )}
      </Field>
      <button type="submit" class="primary">
        Show
      </button>
    </form>
  );
}

/** What is known of a record. Parked ones are found by their id only where their bytes may be read. */
interface Known {
  readonly results: readonly Result[];
  readonly parked: FailuresAnswer;
}

function Life({ id }: { readonly id: string }) {
  const { pollSeconds } = useDeployment();
  const load = async (signal: AbortSignal): Promise<Known> => {
    const [results, parked] = await Promise.all([
      readRecord(id, signal),
      readFailures({ id }, signal).catch((error: unknown) => {
        // A record may have an id by which no failure can be asked for.
        if (error instanceof ApiError && error.status === 400)
          return { hidden: false, failures: [] };
        throw error;
      }),
    ]);
    return { results, parked };
  };
  const polled = usePolled(id, load, Math.max(pollSeconds, 10) * 1_000);
  return (
    <PolledPart what="the record" polled={polled}>
      {({ results, parked }) =>
        results.length + parked.failures.length === 0 ? (
          <Notice kind="empty" title="Nothing is known of this record">
            <p>
              {parked.hidden
                ? 'It is not stored. Whether it was parked cannot be told by its id, since personal data is hidden: see Failures.'
                : 'It is neither stored nor parked. It may be on its way, it may have expired, or the id may be another.'}
            </p>
          </Notice>
        ) : (
          <>
            <Moments results={results} parked={parked} />
            <Parked parked={parked} id={id} />
            {contentsOf(results).map((versions, index) => (
              <Content key={versions[0]?.contentHash} versions={versions} number={index + 1} />
            ))}
          </>
        )
      }
    </PolledPart>
  );
}

function Moments({ results, parked }: Known) {
  return (
    <section class="panel stack" aria-labelledby="life">
      <h2 id="life">What happened</h2>
      <ol class="moments">
        {momentsOf(results, parked.failures).map(({ at, what, detail }, index) => (
          <li key={index}>
            <Time value={at} />
            <span>
              <strong>{what}</strong> <span class="muted">{detail}</span>
            </span>
          </li>
        ))}
      </ol>
      <p class="small muted">
        When a result was written is not kept: it is the same however often it is made.
        {parked.hidden &&
          ' Whether the record was ever parked cannot be told by its id, since personal data is hidden.'}
      </p>
    </section>
  );
}

function Parked({ parked, id }: { readonly parked: FailuresAnswer; readonly id: string }) {
  const { commands } = useDeployment();
  const reasons = [...new Set(parked.failures.map(({ reason }) => reason))];
  if (reasons.length === 0) return null;
  return (
    <section class="panel stack" aria-labelledby="parked">
      <h2 id="parked">Why it was parked</h2>
      <ul class="stack">
        {parked.failures.map(({ key, reason, message }) => (
          <li key={key}>
            <strong>{reason}</strong>: {message}{' '}
            <Link view="failures" filters={{ id, key }}>
              See its bytes
            </Link>
          </li>
        ))}
      </ul>
      <p>What redrives it, with whatever else was parked for that reason:</p>
      {reasons
        .filter((reason) => reason !== 'unreadable')
        .map((reason) => (
          <CopyCode key={reason} label="command" code={`${commands.redrive} --reason ${reason}`} />
        ))}
    </section>
  );
}
