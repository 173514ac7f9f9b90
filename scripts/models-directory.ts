import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The models that a command reads unless told otherwise: those of the working folder, else those that come along. */
export function modelsDirectory(): string {
  const bundled = resolve(import.meta.dirname, '../models');
  return existsSync(join('models', 'manifest.json')) ? 'models' : bundled;
}
