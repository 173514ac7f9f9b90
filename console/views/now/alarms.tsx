import type { AlarmsAnswer } from '#shared/contracts/monitoring.ts';
import { Scroller } from '../../components/scroller.tsx';
import { Time } from '../../components/time.tsx';
import { formatAge } from '../../format.ts';

type Alarm = AlarmsAnswer['alarms'][number];

const stateNames: Readonly<Record<Alarm['state'], string>> = {
  ALARM: 'Alarm',
  OK: 'OK',
  INSUFFICIENT_DATA: 'No data yet',
};

/** The alarms: those that are up in full, the others in a table. */
export function Alarms({ alarms }: AlarmsAnswer) {
  const up = alarms.filter(({ state }) => state === 'ALARM');
  const others = alarms.filter(({ state }) => state !== 'ALARM');
  return (
    <section class="panel stack" aria-labelledby="alarms">
      <div class="row spread">
        <h2 id="alarms">Alarms</h2>
        <p class="muted">
          {up.length === 0 ? 'None is up' : `${up.length} up`}, {others.length} quiet
        </p>
      </div>
      {up.length > 0 && (
        <ul class="alarms">
          {up.map((alarm) => (
            <RaisedAlarm key={alarm.name} alarm={alarm} />
          ))}
        </ul>
      )}
      {others.length > 0 && (
        <details>
          <summary>The {others.length} that are quiet</summary>
          <Scroller class="table-scroll" label="Quiet alarms">
            <table class="alarm-table">
              <thead>
                <tr>
                  <th scope="col">Alarm</th>
                  <th scope="col">State</th>
                  <th scope="col">Since</th>
                  <th scope="col">What it would mean</th>
                </tr>
              </thead>
              <tbody>
                {others.map(({ id, name, state, since, description }) => (
                  <tr key={name}>
                    <th scope="row">{id}</th>
                    <td>{stateNames[state]}</td>
                    <td class="nowrap">
                      <Time value={since} />
                    </td>
                    <td>{description}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroller>
        </details>
      )}
    </section>
  );
}

function RaisedAlarm({ alarm }: { readonly alarm: Alarm }) {
  const { id, severity, since, reason, description, runbook } = alarm;
  const isAddress = /^https?:\/\//.test(runbook);
  return (
    <li class={`alarm alarm-${severity}`}>
      <p class="row">
        <strong>{id}</strong>
        <span class="chip">{severity}</span>
        <span class="muted">
          since <Time value={since} />, {formatAge(new Date(since), Date.now())}
        </span>
      </p>
      <p>{description}</p>
      <p class="small muted">{reason}</p>
      <p class="small">
        What to do: {isAddress ? <a href={runbook}>{runbook}</a> : <code>{runbook}</code>}
      </p>
    </li>
  );
}
