import { useState } from 'preact/hooks';
import type { FailuresAnswer } from '#shared/contracts/failures.ts';
import { messageOf } from '../../api/client.ts';
import type { Failure } from '../../api/contract.ts';
import { useDeployment } from '../../api/deployment.ts';
import { Choice } from '../../components/field.tsx';
import { Notice } from '../../components/notice.tsx';
import { PolledPart } from '../../components/polled-part.tsx';
import { type Place, useFilters } from '../../location.ts';
import { FailureItem } from './failure.tsx';
import { Redrive } from './redrive.tsx';
import { useFailures } from './use-failures.ts';

const LEAST_MS = 10_000;

/** Why something is parked, in words. */
const reasonNames: Readonly<Record<Failure['reason'], string>> = {
  'invalid-json': 'invalid-json: no JSON',
  'invalid-record': 'invalid-record: a field is wrong',
  'too-large': 'too-large: the text is too long',
  undecodable: 'undecodable: no text record',
  'inference-failed': 'inference-failed: the models failed on it',
  'inference-timeout': 'inference-timeout: it took too long',
  abandoned: 'abandoned: a batch that Lambda gave up',
  unreadable: 'unreadable: no object of ours',
};

/** What is parked, and how it goes through the stream again. */
export function FailuresView({ place }: { readonly place: Place }) {
  const { pollSeconds, canRedrive } = useDeployment();
  const [filters, setFilters] = useFilters(place, { reason: '', id: '', key: '' });
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const { reason, id } = filters;
  const everyMs = Math.max(pollSeconds * 1_000, LEAST_MS);
  const found = useFailures({ reason, id }, everyMs);
  const { polled, failures } = found;
  const choose = (key: string, wanted: boolean) => {
    const next = new Set(chosen);
    if (wanted) next.add(key);
    else next.delete(key);
    setChosen(next);
  };
  const keys = failures.map(({ key }) => key).filter((key) => chosen.has(key));
  return (
    <div class="stack">
      <div class="row row-end spread">
        <div class="row row-end">
          <Choice
            label="Reason"
            value={reason}
            options={[['', 'any'], ...Object.entries(reasonNames)]}
            onChange={(next) => setFilters({ reason: next })}
          />
          {id !== '' && (
            <p>
              of the record <bdi>{id}</bdi>{' '}
              <button type="button" onClick={() => setFilters({ id: '' })}>
                of all records
              </button>
            </p>
          )}
        </div>
        {canRedrive && failures.length > 0 && (
          <button type="button" onClick={() => setChosen(new Set(failures.map(({ key }) => key)))}>
            Choose all {failures.length} shown
          </button>
        )}
      </div>
      <Redrive
        keys={keys}
        reason={reason}
        onDone={() => {
          setChosen(new Set());
          polled.refresh();
        }}
      />
      <PolledPart what="what is parked" polled={polled}>
        {(answer) => (
          <>
            <Remarks answer={answer} />
            {failures.length === 0 ? (
              <Notice kind="empty" title="Nothing is parked">
                <p>
                  {reason === '' && id === ''
                    ? 'Every record that came could be read.'
                    : 'Nothing that passes these filters.'}
                </p>
              </Notice>
            ) : (
              <ul class="stack">
                {failures.map((failure) => (
                  <li key={failure.key}>
                    <FailureItem
                      failure={failure}
                      isOpen={failure.key === filters.key}
                      isHidden={answer.hidden}
                      isChosen={chosen.has(failure.key)}
                      onChoose={canRedrive ? (wanted) => choose(failure.key, wanted) : undefined}
                    />
                  </li>
                ))}
              </ul>
            )}
          </>
        )}
      </PolledPart>
      {found.olderError !== undefined && (
        <Notice kind="error" title="No answer about older ones">
          <p>{messageOf(found.olderError)}</p>
        </Notice>
      )}
      {found.hasOlder && (
        <button type="button" onClick={found.readOlder}>
          Show older ones
        </button>
      )}
    </div>
  );
}

function Remarks({ answer: { hidden, incomplete } }: { readonly answer: FailuresAnswer }) {
  return (
    <>
      {hidden && (
        <p class="stale">
          Personal data is hidden in this deployment, so no bytes are shown here, and no name of a
          field. The failures bucket alone keeps the originals.
        </p>
      )}
      {incomplete && (
        <p class="stale">
          The bucket holds more than is looked through: the newest may be missing. Redrive or empty
          it, then look again.
        </p>
      )}
    </>
  );
}
