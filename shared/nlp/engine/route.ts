import { InferenceError } from '../../errors.ts';
import type { DetectLanguage } from '../language/index.ts';
import { isSameLanguage, primaryTagOf } from '../language/primary-tag.ts';
import type { HeadTask } from '../task.ts';
import type { AnalysisRequest, TaskName } from '../types.ts';

/** A head of a model that is loaded, or will be when a text needs it. */
export interface ModelHead {
  readonly task: HeadTask;
  readonly name: string;
  /** Which model it is a head of. */
  readonly model: number;
  /** Its place among the heads of its model. */
  readonly place: number;
  /** BCP 47 primary tags, or `*` for any. */
  readonly languages: readonly string[];
  readonly outputs: readonly string[];
  /** It is run only where its task is asked for. */
  readonly onRequest?: boolean | undefined;
}

/** Which heads read a text. */
export interface Route {
  readonly language: string;
  readonly asked: ReadonlySet<TaskName>;
  /** Those that are asked, and those whose entities personal data is found among. */
  readonly heads: readonly ModelHead[];
  readonly unserved: readonly TaskName[];
  /** The model that counts a text's tokens, whatever is asked: of the usual ones of its language the first. */
  readonly countedBy: number;
}

/** What a language is called that is not known. */
const UNKNOWN = 'und';

/** Chooses heads by task and language. */
export interface Router {
  /** Whether texts whose requests do not say have their language detected. */
  readonly detects: boolean;
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
 */
export function createRouter(
  heads: readonly ModelHead[],
  options: {
    readonly defaultLanguage: string;
    readonly detectLanguage: DetectLanguage | undefined;
    /** Whether personal data is looked for where a request asks. */
    readonly servesPersonalData: boolean;
  },
): Router {
  const { defaultLanguage, detectLanguage, servesPersonalData } = options;
  const loaded = new Set<TaskName>(heads.map(({ task }) => task));
  const byLanguage = new Map<string, ModelHead[]>();
  const headsIn = (language: string): ModelHead[] => {
    const known =
      byLanguage.get(language) ?? firstOfEach(heads.filter((head) => serves(head, language)));
    byLanguage.set(language, known);
    return known;
  };
  return {
    detects: detectLanguage !== undefined,
    detect(text) {
      const detected = detectLanguage?.(text);
      return detected?.reliable ? (primaryTagOf(detected.language) ?? UNKNOWN) : UNKNOWN;
    },
    route({ language: given, tasks, also = [], questions = [] }, detected = UNKNOWN) {
      const language = given === undefined ? detected : primaryTag(given);
      const serving = headsIn(language === UNKNOWN ? defaultLanguage : language);
      const isServed = (task: TaskName): boolean =>
        task === 'pii' ? servesPersonalData : serving.some((head) => head.task === task);
      const named = new Set<TaskName>([...(tasks ?? []), ...also]);
      const asked = new Set(named);
      const isUnasked = ({ task, onRequest }: ModelHead): boolean =>
        task === 'labels' && !onRequest;
      if (tasks === undefined) {
        if (loaded.has('entities')) asked.add('entities');
        if (questions.length > 0) asked.add('answers');
        if (serving.some(isUnasked)) asked.add('labels');
      }
      const isAsked = ({ task, onRequest }: ModelHead): boolean =>
        (onRequest ? named : asked).has(task) || (task === 'entities' && asked.has('pii'));
      return {
        language,
        asked,
        heads: serving.filter(isAsked),
        unserved: [...asked].filter((task) => !isServed(task)),
        countedBy: (usual(serving)[0] ?? usual(heads)[0])?.model ?? 0,
      };
    },
  };
}

/** Heads that may be run unasked, or all, where there are only others. */
export function usual(heads: readonly ModelHead[]): readonly ModelHead[] {
  const unasked = heads.filter(({ onRequest }) => !onRequest);
  return unasked.length > 0 ? unasked : heads;
}

/** The first of each kind of head. */
function firstOfEach(heads: readonly ModelHead[]): ModelHead[] {
  const first = new Map<string, ModelHead>();
  for (const head of heads) {
    const kind = kindOf(head);
    if (!first.has(kind)) first.set(kind, head);
  }
  return [...first.values()];
}

/** Heads of one kind stand in for each other; classifiers of texts are of a kind where they have the same name. */
export function kindOf({ task, name }: Pick<ModelHead, 'task' | 'name'>): string {
  return task === 'labels' ? `labels ${name}` : task;
}

/** Whether a head is for texts in a language. */
export function serves(
  { languages }: { readonly languages: readonly string[] },
  language: string,
): boolean {
  return languages.some((served) => served === '*' || isSameLanguage(served, language));
}

function primaryTag(tag: string): string {
  const primary = primaryTagOf(tag);
  if (primary !== undefined) return primary;
  throw new InferenceError('language: must be a BCP 47 tag, such as en or pt-BR');
}
