import { readAlarms, readMetrics } from '../../api/calls.ts';
import { useDeployment } from '../../api/deployment.ts';
import { usePolled } from '../../api/use-polled.ts';
import { Choice } from '../../components/field.tsx';
import { PolledPart } from '../../components/polled-part.tsx';
import { formatClock } from '../../format.ts';
import { type Place, useFilters } from '../../location.ts';
import { Alarms } from './alarms.tsx';
import { PlotCard } from './plot-card.tsx';
import { plots } from './plots.ts';

/** Windows of time that the plots show, in seconds, by what stands in the address. */
const windows = {
  '15m': { seconds: 900, name: '15 minutes' },
  '1h': { seconds: 3_600, name: '1 hour' },
  '3h': { seconds: 10_800, name: '3 hours' },
  '6h': { seconds: 21_600, name: '6 hours' },
  '12h': { seconds: 43_200, name: '12 hours' },
  '24h': { seconds: 86_400, name: '24 hours' },
} as const;

type WindowName = keyof typeof windows;

/** The window that an address names, or the shortest where it names none. */
const windowOf = (name: string): WindowName =>
  Object.hasOwn(windows, name) ? (name as WindowName) : '15m';

/** What streams by just now: alarms and plots of a window. */
export function NowView({ place }: { readonly place: Place }) {
  const { pollSeconds } = useDeployment();
  const [filters, setFilters] = useFilters(place, { window: '15m' });
  const name = windowOf(filters.window);
  const { seconds } = windows[name];
  const everyMs = pollSeconds * 1_000;
  const metrics = usePolled(name, (signal) => readMetrics(seconds, signal), everyMs);
  const alarms = usePolled('alarms', readAlarms, everyMs);

  return (
    <div class="stack">
      <PolledPart what="the alarms" polled={alarms}>
        {(answer) => <Alarms {...answer} />}
      </PolledPart>
      <div class="row row-end spread">
        <Choice
          label="Window"
          value={name}
          options={Object.entries(windows).map(([key, { name }]) => [key, name] as const)}
          onChange={(window) => setFilters({ window })}
        />
        {metrics.at !== undefined && (
          <p class="small muted">
            As of {formatClock(new Date(metrics.at), { seconds: true })}; asked again every{' '}
            {pollSeconds} s while this tab is shown.
          </p>
        )}
      </div>
      <PolledPart what="the metrics" polled={metrics}>
        {(answer) => (
          <>
            <div class="plots">
              {plots.map((plot) => (
                <PlotCard key={plot.id} plot={plot} answer={answer} />
              ))}
            </div>
            {answer.omitted !== undefined && (
              <p class="small muted">
                {answer.omitted} series are not shown: there are too many sources.
              </p>
            )}
          </>
        )}
      </PolledPart>
    </div>
  );
}
