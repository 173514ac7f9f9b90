import { useEffect, useRef } from 'preact/hooks';
import { useAccessKey } from './api/access-key.ts';
import { readAlarms } from './api/calls.ts';
import { DeploymentContext, readDeployment } from './api/deployment.ts';
import { usePolled } from './api/use-polled.ts';
import { KeyForm } from './components/key-form.tsx';
import { Link } from './components/link.tsx';
import { PolledPart } from './components/polled-part.tsx';
import { ThemeSwitch } from './components/theme-switch.tsx';
import { type Place, usePlace, type ViewName, views } from './location.ts';
import { FailuresView } from './views/failures/failures.tsx';
import { ModelsView } from './views/models/models.tsx';
import { NowView } from './views/now/now.tsx';
import { RecordView } from './views/record/record.tsx';
import { TextsView } from './views/texts/texts.tsx';
import { TryView } from './views/try-it/try-it.tsx';

const shown: Readonly<Record<ViewName, (props: { place: Place }) => preact.JSX.Element>> = {
  now: NowView,
  texts: TextsView,
  record: RecordView,
  try: TryView,
  failures: FailuresView,
  models: ModelsView,
};

const DEPLOYMENT_MS = 60_000;
const ALARMS_MS = 30_000;

/** The page around its views: who is asked, the navigation, the key. */
export function Shell() {
  const place = usePlace();
  const { key, refused } = useAccessKey();
  const deployment = usePolled('deployment', readDeployment, DEPLOYMENT_MS);
  const { value: known } = deployment;
  const needsKey = refused || (known?.needsKey === true && key === '');
  const heading = useFocusOn(place.view);
  const View = shown[place.view];

  return (
    <>
      <a class="skip-link" href="#content">
        Skip to the content
      </a>
      <header class="top">
        <p class="brand">
          Spanstream
          {known && <span class="environment">{known.environmentName}</span>}
        </p>
        <nav aria-label="Views">
          <ul>
            {Object.entries(views).map(([view, name]) => (
              <li key={view}>
                <Link
                  view={view as ViewName}
                  aria-current={view === place.view ? 'page' : undefined}
                >
                  {name}
                  {view === 'now' && known && !needsKey && <AlarmCount key={key} />}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <ThemeSwitch />
      </header>
      <main id="content" tabIndex={-1}>
        <h1 ref={heading} tabIndex={-1}>
          {views[place.view]}
        </h1>
        <PolledPart what="this deployment" polled={deployment}>
          {(value) =>
            needsKey ? (
              <KeyForm refused={refused} />
            ) : (
              <DeploymentContext.Provider value={value}>
                <View key={`${place.view} ${key}`} place={place} />
              </DeploymentContext.Provider>
            )
          }
        </PolledPart>
      </main>
    </>
  );
}

/** How many alarms are up, beside the view that lists them. */
function AlarmCount() {
  const { value } = usePolled('alarms', readAlarms, ALARMS_MS);
  const up = value?.alarms.filter(({ state }) => state === 'ALARM').length ?? 0;
  if (up === 0) return null;
  return (
    <span class="count-alarm">
      {up}
      <span class="visually-hidden"> alarms are up</span>
    </span>
  );
}

/** Moves the focus to a view's heading when the view is another, but not when the page is opened. */
function useFocusOn(view: ViewName) {
  const heading = useRef<HTMLHeadingElement>(null);
  const before = useRef(view);
  useEffect(() => {
    document.title = `${views[view]} · Spanstream`;
    if (before.current !== view) heading.current?.focus();
    before.current = view;
  }, [view]);
  return heading;
}
