import type { QuestionAnsweringSettings } from '../task-settings.ts';
import type { ModelWindow, SpecialTokens } from '../types.ts';

/** A window `[CLS] question [SEP] context [SEP]`, and which of the context's tokens it holds. */
export interface QuestionWindow extends ModelWindow {
  /** First token of the context in this window. */
  readonly from: number;
  /** One after its last. */
  readonly to: number;
  /** Row of the model's output that belongs to `from`. */
  readonly firstRow: number;
}

/** Cuts a context into windows with the question before each; consecutive ones share `stride` tokens. */
export function questionWindows(
  question: Int32Array,
  context: Int32Array,
  special: SpecialTokens,
  settings: QuestionAnsweringSettings,
): QuestionWindow[] {
  const room = settings.maximumLength - 3;
  // At least half of a window is context's, however short the windows and long the question.
  const asked = question.subarray(
    0,
    Math.min(settings.maximumQuestionTokens, Math.floor(room / 2)),
  );
  const capacity = room - asked.length;
  const step = capacity - Math.min(settings.stride, Math.floor(capacity / 2));
  const windows: QuestionWindow[] = [];
  for (let from = 0; from === 0 || from < context.length; from += step) {
    const to = Math.min(from + capacity, context.length);
    windows.push(frame(asked, context, from, to, special));
    if (to === context.length) break;
  }
  return windows;
}

function frame(
  question: Int32Array,
  context: Int32Array,
  from: number,
  to: number,
  { cls, sep }: SpecialTokens,
): QuestionWindow {
  const firstRow = question.length + 2;
  const ids = new Int32Array(firstRow + to - from + 1);
  ids[0] = cls;
  ids.set(question, 1);
  ids[firstRow - 1] = sep;
  ids.set(context.subarray(from, to), firstRow);
  ids[ids.length - 1] = sep;
  const typeIds = new Int32Array(ids.length).fill(1, firstRow);
  return { ids, typeIds, from, to, firstRow };
}
