import { createCommand, print, runCommand } from '#shared/cli/run-command.ts';
import { bundle } from '#stacks/local/bundle.ts';

const command = createCommand('build', 'Bundles the functions into dist/.')
  .option('--outdir <dir>', 'folder to write to', 'dist')
  .action(async ({ outdir, json }: { outdir: string; json?: boolean }) => {
    const started = performance.now();
    const made = await bundle({ outdir });
    const milliseconds = Math.round(performance.now() - started);
    const line = `${Object.keys(made).join(', ')} in ${outdir} (${milliseconds} ms)`;
    print([line], json && { bundles: made, milliseconds });
  });

await runCommand(command);
