import { useRef, useState } from 'preact/hooks';
import type { RedriveAnswer } from '#shared/contracts/console.ts';
import { redrive } from '../../api/calls.ts';
import { messageOf } from '../../api/client.ts';
import { useDeployment } from '../../api/deployment.ts';
import { CopyCode } from '../../components/copy-code.tsx';

interface RedriveProps {
  /** Keys of the objects that are chosen. */
  readonly keys: readonly string[];
  /** The reason that is filtered by; empty where none is. */
  readonly reason: string;
  readonly onDone: () => void;
}

/** Most that one call takes. */
const MOST_KEYS = 100;

/** Sends what is chosen through the stream again, where the page may; says the command where it may not. */
export function Redrive({ keys, reason, onDone }: RedriveProps) {
  const { canRedrive, commands } = useDeployment();
  if (canRedrive) return <RedriveHere keys={keys} onDone={onDone} />;
  const isChosen = reason !== '' && reason !== 'unreadable';
  return (
    <section class="panel stack" aria-label="Redrive">
      <p>
        What sends {isChosen ? `what is parked as ${reason}` : 'all that is parked'} through the
        stream again, where you have the permissions:
      </p>
      <CopyCode
        label="command"
        code={`${commands.redrive}${isChosen ? ` --reason ${reason}` : ''}`}
      />
    </section>
  );
}

function RedriveHere({ keys, onDone }: Pick<RedriveProps, 'keys' | 'onDone'>) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState('');
  const sent = keys.slice(0, MOST_KEYS);
  const send = async () => {
    setBusy(true);
    try {
      setSaid(inWords(await redrive(sent)));
    } catch (error) {
      setSaid(`Nothing was redriven: ${messageOf(error)}`);
    }
    setBusy(false);
    dialog.current?.close();
    onDone();
  };
  const objects = sent.length === 1 ? 'one object' : `${sent.length} objects`;
  return (
    <div class="row">
      <button
        type="button"
        class="primary"
        disabled={keys.length === 0}
        onClick={() => dialog.current?.showModal()}
      >
        Redrive {keys.length === 0 ? 'what is chosen' : objects} …
      </button>
      <p role="status">{said || (keys.length === 0 && 'Choose what is to be sent again.')}</p>
      <dialog ref={dialog} aria-labelledby="redrive-title">
        <div class="stack">
          <h2 id="redrive-title">Redrive {objects}?</h2>
          <p>
            What was parked goes onto the stream again as it came. What was wrong with it and is not
            mended elsewhere, such as a model or a limit, parks it again.
          </p>
          {keys.length > MOST_KEYS && <p>The first {MOST_KEYS} are sent; then choose again.</p>}
          <div class="row">
            <button type="button" class="primary" disabled={busy} onClick={send}>
              {busy ? 'Sending …' : `Redrive ${objects}`}
            </button>
            <button type="button" disabled={busy} onClick={() => dialog.current?.close()}>
              Cancel
            </button>
          </div>
        </div>
      </dialog>
    </div>
  );
}

function inWords({ redriven, skipped, uncertain, failed }: RedriveAnswer): string {
  const [fault] = failed;
  return [
    `${redriven} redriven`,
    ...(skipped > 0 ? [`${skipped} redriven before`] : []),
    ...(uncertain.length > 0 ? [`${uncertain.length} that another run may have sent`] : []),
    ...(fault ? [`${failed.length} failed: ${fault.reason}`] : []),
  ].join(', ');
}
