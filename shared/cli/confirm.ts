import { createInterface } from 'node:readline/promises';

/**
 * Asks whoever sits at the terminal; where nobody does, a command was meant as it was written.
 *
 * @returns false for any answer but yes
 */
export async function confirm(question: string, signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY) return true;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `, { signal });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
