import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { THEME_CHANGED } from '../../theme.ts';
import type { Drawing } from './plots.ts';

interface ChartProps {
  readonly drawing: Drawing;
  /** What is shown, in words: the latest value, the least, the most. */
  readonly label: string;
  readonly format: (value: number) => string;
  /** Elements whose colours the lines have, one a line. */
  readonly swatches: () => readonly Element[];
  /** Told which point is pointed at, on any plot of the page; undefined for none. */
  readonly onPoint: (index: number | undefined) => void;
}

const HEIGHT = 150;
/** Lines differ by their dashes, too. */
const dashes = [[], [7, 3], [2, 3], [10, 3, 2, 3], [4, 2], [1, 2]];

/** Lines over time on a canvas. */
export function Chart({ drawing, label, format, swatches, onPoint }: ChartProps) {
  const container = useRef<HTMLDivElement>(null);
  const latest = useRef({ format, onPoint, swatches });
  latest.current = { format, onPoint, swatches };
  const chart = useRef<uPlot>(null);
  const data: uPlot.AlignedData = [
    [...drawing.times],
    ...drawing.lines.map(({ values }) => [...values]),
  ];
  const current = useRef(data);
  current.current = data;
  const names = drawing.lines.map(({ name }) => name).join('\n');

  useEffect(() => {
    const element = container.current;
    if (!element) return;
    const make = () => {
      chart.current?.destroy();
      chart.current = makeChart(element, latest.current, current.current);
    };
    const dark = window.matchMedia('(prefers-color-scheme: dark)');
    const resized = new ResizeObserver(() =>
      chart.current?.setSize({ width: element.clientWidth, height: HEIGHT }),
    );
    make();
    resized.observe(element);
    dark.addEventListener('change', make);
    window.addEventListener(THEME_CHANGED, make);
    return () => {
      resized.disconnect();
      dark.removeEventListener('change', make);
      window.removeEventListener(THEME_CHANGED, make);
      chart.current?.destroy();
      chart.current = null;
    };
  }, [names]);
  useEffect(() => chart.current?.setData(current.current), [drawing]);

  return <div class="chart" ref={container} role="img" aria-label={label} />;
}

function makeChart(
  element: HTMLElement,
  { format, onPoint, swatches }: Pick<ChartProps, 'format' | 'onPoint' | 'swatches'>,
  data: uPlot.AlignedData,
): uPlot {
  const { color, borderTopColor, fontFamily } = getComputedStyle(element);
  const axis = {
    stroke: color,
    font: `11px ${fontFamily}`,
    grid: { stroke: borderTopColor, width: 1 },
    ticks: { show: false },
  };
  const strokes = swatches().map((swatch) => getComputedStyle(swatch).color);
  return new uPlot(
    {
      width: element.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      cursor: { sync: { key: 'now' }, drag: { x: false, y: false }, points: { size: 6 } },
      scales: {
        y: { range: (_, least, most) => [Math.min(0, least), most > 0 ? most * 1.08 : 1] },
      },
      axes: [
        { ...axis, space: 60, values: '{HH}:{mm}', size: 26 },
        { ...axis, space: 28, size: 52, values: (_, ticks) => ticks.map(format) },
      ],
      series: [
        {},
        ...data.slice(1).map((_, index) => ({
          stroke: strokes[index] ?? color,
          width: 1.5,
          dash: dashes[index % dashes.length] ?? [],
          points: { show: false },
          spanGaps: true,
        })),
      ],
      hooks: { setCursor: [({ cursor: { idx } }) => onPoint(idx ?? undefined)] },
    },
    data,
    element,
  );
}
