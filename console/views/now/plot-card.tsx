import { useMemo, useRef, useState } from 'preact/hooks';
import type { MetricsAnswer } from '#shared/contracts/monitoring.ts';
import { Scroller } from '../../components/scroller.tsx';
import { formatClock, formatDuration, formatNumber, formatShare } from '../../format.ts';
import { hueOf } from '../../text/span-types.ts';
import { Chart } from './chart.tsx';
import { type Drawing, drawingOf, figuresOf, type Plot, type Unit } from './plots.ts';

const formats: Readonly<Record<Unit, (value: number) => string>> = {
  'per second': formatNumber,
  'per minute': formatNumber,
  count: formatNumber,
  milliseconds: formatDuration,
  share: formatShare,
};

const suffixes: Readonly<Record<Unit, string>> = {
  'per second': 'a second',
  'per minute': 'a minute',
  count: 'in a period',
  milliseconds: '',
  share: '',
};

/** One plot with its latest values in figures, and all of them as a table on demand. */
export function PlotCard({
  plot,
  answer,
}: {
  readonly plot: Plot;
  readonly answer: MetricsAnswer;
}) {
  const drawing = useMemo(() => drawingOf(plot, answer), [plot, answer]);
  const [pointed, setPointed] = useState<number>();
  const body = useRef<HTMLTableSectionElement>(null);
  const format = formats[plot.unit];
  const suffix = suffixes[plot.unit];
  const lines = drawing.lines.map((line, index) => ({
    ...line,
    figures: figuresOf(line),
    hue: index === 0 ? 'first' : plot.id === 'entities' ? hueOf(line.name) : (index - 1) % 8,
  }));
  const [first] = lines;
  const time = pointed === undefined ? undefined : drawing.times[pointed];

  return (
    <section class="panel plot" aria-labelledby={`plot-${plot.id}`}>
      <header>
        <h3 id={`plot-${plot.id}`}>
          {plot.title} <span class="muted">{suffix}</span>
        </h3>
        {first?.figures && (
          <p>
            {lines.length > 1 && <bdi class="small muted">{first.name}</bdi>}{' '}
            <span class="plot-figure">{format(first.figures.latest)}</span>
          </p>
        )}
      </header>
      <p class="small muted">{plot.note}</p>
      {first?.figures ? (
        <>
          <Chart
            drawing={drawing}
            format={format}
            label={`${plot.title} ${suffix}: ${lines.map(describe(format)).join('; ')}`}
            swatches={() => [...(body.current?.querySelectorAll('.swatch') ?? [])]}
            onPoint={setPointed}
          />
          <table class="plot-legend">
            <caption class="visually-hidden">{plot.title}: latest, least, most</caption>
            <thead>
              <tr>
                <td />
                <th scope="col" class="number">
                  {time === undefined ? 'latest' : formatClock(new Date(time * 1_000))}
                </th>
                <th scope="col" class="number">
                  least
                </th>
                <th scope="col" class="number">
                  most
                </th>
              </tr>
            </thead>
            <tbody ref={body}>
              {lines.map(({ name, figures, values, hue }) => (
                <tr key={name}>
                  <th scope="row">
                    <span class={`swatch hue-${hue}`} aria-hidden="true" /> <bdi>{name}</bdi>
                  </th>
                  <td class="number">
                    {pointed === undefined
                      ? figures && format(figures.latest)
                      : formatOr(values[pointed], format)}
                  </td>
                  <td class="number">{figures && format(figures.least)}</td>
                  <td class="number">{figures && format(figures.most)}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <PointsTable title={plot.title} drawing={drawing} format={format} />
        </>
      ) : (
        <p class="plot-empty muted">{plot.empty}</p>
      )}
    </section>
  );
}

interface PointsTableProps {
  readonly title: string;
  readonly drawing: Drawing;
  readonly format: (value: number) => string;
}

/** Every point of a plot, newest first; drawn when it is opened. */
function PointsTable({ title, drawing: { times, lines }, format }: PointsTableProps) {
  const [open, setOpen] = useState(false);
  return (
    <details class="small" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>As a table</summary>
      {open && (
        <Scroller class="points" label={`${title} as a table`}>
          <table>
            <thead>
              <tr>
                <th scope="col">from</th>
                {lines.map(({ name }) => (
                  <th key={name} scope="col" class="number">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {times
                .map((time, index) => (
                  <tr key={time}>
                    <th scope="row">{formatClock(new Date(time * 1_000))}</th>
                    {lines.map(({ name, values }) => (
                      <td key={name} class="number">
                        {formatOr(values[index], format)}
                      </td>
                    ))}
                  </tr>
                ))
                .reverse()}
            </tbody>
          </table>
        </Scroller>
      )}
    </details>
  );
}

const formatOr = (value: number | null | undefined, format: (value: number) => string): string =>
  value === null || value === undefined ? '–' : format(value);

const describe =
  (format: (value: number) => string) =>
  ({ name, figures }: { name: string; figures: ReturnType<typeof figuresOf> }): string =>
    figures
      ? `${name} ${format(figures.latest)}, least ${format(figures.least)}, most ${format(figures.most)}`
      : `${name} nothing`;
