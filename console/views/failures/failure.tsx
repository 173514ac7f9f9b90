import { useMemo, useState } from 'preact/hooks';
import type { Failure } from '../../api/contract.ts';
import { Link } from '../../components/link.tsx';
import { Scroller } from '../../components/scroller.tsx';
import { Time } from '../../components/time.tsx';
import { formatAge, formatBytes } from '../../format.ts';
import { bytesOf, hexLines, type ReadableLine, readableOf } from './bytes.ts';

interface FailureItemProps {
  readonly failure: Failure;
  readonly isOpen: boolean;
  /** No bytes are given: personal data is hidden. */
  readonly isHidden: boolean;
  readonly isChosen: boolean;
  /** Undefined where nothing can be redriven from here. */
  readonly onChoose: ((wanted: boolean) => void) | undefined;
}

/** One parked object: what is wrong, since when, and its bytes. */
export function FailureItem({ failure, isOpen, isHidden, isChosen, onChoose }: FailureItemProps) {
  const { key, reason, message, id, parkedAt, redrivenAt, field } = failure;
  const [open, setOpen] = useState(isOpen);
  return (
    <article class="panel failure">
      <header class="row">
        {onChoose && (
          <input
            type="checkbox"
            aria-label={`Choose ${key}`}
            checked={isChosen}
            onChange={({ currentTarget }) => onChoose(currentTarget.checked)}
          />
        )}
        <strong>{reason}</strong>
        {id !== undefined && (
          <Link view="record" filters={{ id }}>
            <bdi>{id}</bdi>
          </Link>
        )}
        <span class="muted small">
          parked <Time value={parkedAt} />, {formatAge(new Date(parkedAt), Date.now())}
        </span>
        {redrivenAt !== undefined && (
          <span class="chip">
            redriven <Time value={redrivenAt} />
          </span>
        )}
      </header>
      <p>
        {field === undefined ? (
          message
        ) : (
          <>
            <code class="at-fault">{field}</code>{' '}
            {message.startsWith(`${field} `) ? message.slice(field.length + 1) : message}
          </>
        )}
      </p>
      <details open={open} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>{isHidden ? 'Where it came from' : 'Its bytes, and where it came from'}</summary>
        {open && <Inside failure={failure} isHidden={isHidden} />}
      </details>
    </article>
  );
}

function Inside({ failure, isHidden }: { readonly failure: Failure; readonly isHidden: boolean }) {
  const { key, stream, shard, sequenceNumber, subSequenceNumber, arrivedAt, size } = failure;
  const facts = [
    ['Stream', stream],
    ['Shard', shard],
    ['Sequence number', sequenceNumber],
    ['In its aggregate', subSequenceNumber],
    ['Arrived', arrivedAt && <Time key="arrived" value={arrivedAt} />],
    ['Object', `${key} (${formatBytes(size)})`],
  ] as const;
  return (
    <div class="stack inside">
      {!isHidden && <Bytes failure={failure} />}
      <dl class="facts small">
        {facts.flatMap(([name, value]) =>
          value === undefined
            ? []
            : [<dt key={name}>{name}</dt>, <dd key={`${name} value`}>{value}</dd>],
        )}
      </dl>
    </div>
  );
}

function Bytes({ failure: { bytes, field, truncated } }: { readonly failure: Failure }) {
  const [asHex, setHex] = useState(false);
  const given = useMemo(() => bytesOf(bytes ?? ''), [bytes]);
  const readable = useMemo(() => readableOf(given, field), [given, field]);
  if (bytes === undefined) {
    return (
      <p class="muted">Its bytes are not given: they are those of many records, or of none.</p>
    );
  }
  return (
    <div>
      <div class="row spread small">
        <p class="muted">
          {readable.kind === 'JSON' ? 'JSON, laid out anew' : `As ${readable.kind}`},{' '}
          {truncated ? `the first ${formatBytes(given.length)}` : formatBytes(given.length)}
        </p>
        {readable.kind !== 'bytes' && (
          <label class="check">
            <input
              type="checkbox"
              checked={asHex}
              onChange={({ currentTarget }) => setHex(currentTarget.checked)}
            />
            in hexadecimal
          </label>
        )}
      </div>
      <Lines lines={asHex ? hexLines(given) : readable.lines} />
    </div>
  );
}

/** Lines that are drawn: 16 KB in hexadecimal have a thousand. */
function Lines({ lines }: { readonly lines: readonly ReadableLine[] }) {
  return (
    <Scroller class="bytes" label="Bytes of the record">
      <pre>
        {lines.map(({ text, isAtFault }, index) => {
          const line = `${text}\n`;
          return isAtFault ? <mark key={index}>{line}</mark> : line;
        })}
      </pre>
    </Scroller>
  );
}
