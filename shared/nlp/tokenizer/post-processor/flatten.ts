import type { PostProcessorFile } from './file.ts';

/** The post-processors of a file, in order. */
export function flattenProcessors(file: PostProcessorFile | null | undefined): PostProcessorFile[] {
  if (!file) return [];
  return file.type === 'Sequence' ? file.processors.flatMap(flattenProcessors) : [file];
}
