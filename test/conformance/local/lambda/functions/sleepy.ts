/** A function whose init lasts as long as its environment says. */
export function handler(): string {
  return 'awake';
}

await new Promise((resolve) => setTimeout(resolve, Number(process.env.INIT_MS)));
process.stderr.write('awake\n');
