import { InferenceError } from '../../errors.ts';
import type { Head, HeadTask } from '../task.ts';
import type { AnalysisRequest, DetectLanguage, TaskName } from '../types.ts';

/** A head of a loaded model, ready to be asked. */
export interface LoadedHead {
  readonly task: HeadTask;
  readonly name: string;
  /** Which model it is a head of. */
  readonly model: number;
  /** BCP 47 primary tags, or `*` for any. */
  readonly languages: readonly string[];
  readonly outputs: readonly string[];
  readonly prepare: Head;
}

/** Which heads read a text. */
export interface Route {
  readonly language: string;
  /** What the text is taken to be in: its language, or the engine's default where that is not known. */
  readonly taken: string;
  readonly asked: ReadonlySet<TaskName>;
  /** Those that are asked, and those whose entities personal data is found among. */
  readonly heads: readonly LoadedHead[];
  readonly unserved: readonly TaskName[];
  /** The model that counts a text's tokens, whatever is asked: the first that serves its language in anything. */
  readonly countedBy: number;
}

/** What a language is called that is not known. */
const UNKNOWN = 'und';

/** Chooses heads by task and language. */
export interface Router {
  /** Whether the text of a request has its language detected. */
  detects(request: AnalysisRequest): boolean;
  /** A text's language; `und` where it cannot be told. */
  detect(text: string): string;
  /**
   * @param detected the language of the text, where it was detected
   * @throws {InferenceError} for a request's language that is no BCP 47 tag
   */
  route(request: AnalysisRequest, detected: string | undefined): Route;
}

/**
 * Makes a router. Of the heads that serve a task in a language the first is used; classifiers of texts are told apart by
 * their names, and each is used.
 *
 * @param options.always detect languages even where no model depends on them
 */
export function createRouter(
  heads: readonly LoadedHead[],
  options: {
    readonly defaultLanguage: string;
    readonly detectLanguage: DetectLanguage | undefined;
    readonly always: boolean;
    readonly hasPersonalData: boolean;
  },
): Router {
  const { defaultLanguage, detectLanguage, hasPersonalData } = options;
  const depends = options.always || heads.some(({ languages }) => !languages.includes('*'));
  const loaded = new Set<TaskName>(heads.map(({ task }) => task));
  const byLanguage = new Map<string, LoadedHead[]>();
  const headsIn = (language: string): LoadedHead[] => {
    const known =
      byLanguage.get(language) ?? firstOfEach(heads.filter((head) => serves(head, language)));
    byLanguage.set(language, known);
    return known;
  };
  return {
    detects: ({ language, tasks }) =>
      language === undefined &&
      detectLanguage !== undefined &&
      (depends || (tasks?.includes('pii') ?? false)),
    detect(text) {
      const detected = detectLanguage?.(text);
      return detected?.reliable ? detected.language : UNKNOWN;
    },
    route({ language: given, tasks, questions = [] }, detected = UNKNOWN) {
      const language = given === undefined ? detected : primaryTag(given);
      const taken = language === UNKNOWN ? defaultLanguage : language;
      const serving = headsIn(taken);
      const isServed = (task: TaskName): boolean =>
        task === 'pii' ? hasPersonalData : serving.some((head) => head.task === task);
      const asked = new Set<TaskName>(tasks);
      if (tasks === undefined) {
        if (loaded.has('entities')) asked.add('entities');
        if (questions.length > 0) asked.add('answers');
        if (isServed('labels')) asked.add('labels');
      }
      const isAsked = ({ task }: LoadedHead): boolean =>
        asked.has(task) || (task === 'entities' && asked.has('pii'));
      return {
        language,
        taken,
        asked,
        heads: serving.filter(isAsked),
        unserved: [...asked].filter((task) => !isServed(task)),
        countedBy: (serving[0] ?? heads[0])?.model ?? 0,
      };
    },
  };
}

/** The first of each kind of head. */
function firstOfEach(heads: readonly LoadedHead[]): LoadedHead[] {
  const first = new Map<string, LoadedHead>();
  for (const head of heads) {
    const kind = kindOf(head);
    if (!first.has(kind)) first.set(kind, head);
  }
  return [...first.values()];
}

/** Heads of one kind stand in for each other; classifiers of texts are of a kind where they have the same name. */
export function kindOf({ task, name }: Pick<LoadedHead, 'task' | 'name'>): string {
  return task === 'labels' ? `labels ${name}` : task;
}

/** Whether a head is for texts in a language. */
export function serves(
  { languages }: { readonly languages: readonly string[] },
  language: string,
): boolean {
  return languages.includes('*') || languages.includes(language);
}

function primaryTag(tag: string): string {
  try {
    return new Intl.Locale(tag).language;
  } catch {
    throw new InferenceError('language: must be a BCP 47 tag, such as en or pt-BR');
  }
}
