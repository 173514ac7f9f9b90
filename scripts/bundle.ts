import { bundle } from '#local/stack/bundle.ts';
import { createCommand, runCommand } from '#shared/cli/run-command.ts';

const command = createCommand('build', 'Bundles the functions into dist/.')
  .option('--outdir <dir>', 'folder to write to', 'dist')
  .action(async ({ outdir, json }: { outdir: string; json?: boolean }) => {
    const started = performance.now();
    const made = await bundle({ outdir });
    const milliseconds = Math.round(performance.now() - started);
    if (json) process.stdout.write(`${JSON.stringify({ bundles: made, milliseconds })}\n`);
    else
      process.stdout.write(`${Object.keys(made).join(', ')} in ${outdir} (${milliseconds} ms)\n`);
  });

await runCommand(command);
