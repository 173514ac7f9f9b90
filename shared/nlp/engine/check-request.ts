import { InferenceError } from '../../errors.ts';
import { type AnalysisRequest, taskNames } from '../types.ts';

/** Answers that may be wanted of a question. */
const MOST_ANSWERS = 100;

/**
 * Checks what a caller without types may get wrong.
 *
 * @throws {InferenceError} as of a text's own fault
 */
export function checkRequest(request: AnalysisRequest): AnalysisRequest {
  const { text, questions = [], tasks = [], language = '', topK = 1 } = request ?? {};
  if (typeof text !== 'string') throw new InferenceError('text: must be a string');
  if (!(Array.isArray(questions) && questions.every((question) => typeof question === 'string'))) {
    throw new InferenceError('questions: must be strings');
  }
  if (!(Array.isArray(tasks) && tasks.every((task) => taskNames.includes(task)))) {
    throw new InferenceError(`tasks: must be of ${taskNames.join(', ')}`);
  }
  if (typeof language !== 'string') throw new InferenceError('language: must be a string');
  if (!(Number.isInteger(topK) && topK >= 1 && topK <= MOST_ANSWERS)) {
    throw new InferenceError(`topK: must be an integer from 1 to ${MOST_ANSWERS}`);
  }
  return request;
}
