import type { Frame, ModelWindow } from '../types.ts';
import { frameLength, frameWindow } from '../windows/frame-window.ts';
import type { QuestionAnsweringSettings } from './settings.ts';

/** A window that holds the question and a part of the context, in the model's own frame. */
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
  frame: Frame,
  settings: QuestionAnsweringSettings,
): QuestionWindow[] {
  const room = settings.maximumLength - frameLength(frame);
  // At least half of a window is context's, however short the windows and long the question.
  const asked = question.subarray(
    0,
    Math.min(settings.maximumQuestionTokens, Math.floor(room / 2)),
  );
  const firstRow = frame.prefix.ids.length + asked.length + frame.middle.ids.length;
  const capacity = room - asked.length;
  const stride = Math.min(settings.stride, Math.floor(settings.maximumLength / 2));
  // However long the question, a window adds a quarter of what it holds, so that time stays in proportion to the context.
  const step = capacity - Math.min(stride, Math.floor(capacity * 0.75));
  const windows: QuestionWindow[] = [];
  for (let from = 0; from === 0 || from < context.length; from += step) {
    const to = Math.min(from + capacity, context.length);
    windows.push({ ...frameWindow(frame, asked, context.subarray(from, to)), from, to, firstRow });
    if (to === context.length) break;
  }
  return windows;
}
