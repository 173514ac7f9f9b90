#!/usr/bin/env node
import { Command } from 'commander';
import { runCommand } from '#shared/cli/run-command.ts';

/** What each command does, and the module that runs it with the arguments that follow its name. */
const commands = {
  demo: ['Runs the whole pipeline on the fixtures', () => import('../local/commands/demo.ts')],
  start: ['Runs the local stack until Ctrl-C', () => import('../local/commands/start.ts')],
  produce: ['Puts JSON Lines on the stream', () => import('../producers/commands/produce.ts')],
  redrive: ['Sends parked records once more', () => import('../producers/commands/redrive.ts')],
  eval: ['Measures a model on labelled texts', () => import('./eval.ts')],
  models: ['Lists, checks and fetches models', () => import('./models.ts')],
  smoke: ['Follows one record through a deployment', () => import('./smoke.ts')],
} as const;

const program = new Command('spanstream')
  .description('Text goes in on a stream, spans come out.')
  .enablePositionalOptions()
  .exitOverride();

for (const [name, [description, load]] of Object.entries(commands)) {
  program
    .command(name)
    .description(description)
    .argument('[arguments...]')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async () => {
      process.argv.splice(2, 1);
      await load();
    });
}

await runCommand(program);
