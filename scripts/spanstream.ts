#!/usr/bin/env node
import { Command } from 'commander';
import { runCommand } from '#shared/cli/run-command.ts';

/** What each command does, and the module that runs it with the arguments that follow its name. */
const commands = new Map<string | undefined, readonly [string, () => Promise<unknown>]>([
  ['demo', ['runs the whole pipeline on the fixtures', () => import('./demo.ts')]],
  ['start', ['runs the local stack until Ctrl-C', () => import('./start.ts')]],
  ['produce', ['puts JSON Lines on the stream', () => import('../producers/commands/produce.ts')]],
  ['results', ['shows results, as they come too', () => import('./results.ts')]],
  ['replay', ['sends stored texts again', () => import('../producers/commands/replay.ts')]],
  ['redrive', ['sends parked records again', () => import('../producers/commands/redrive.ts')]],
  ['eval', ['measures a model on labelled texts', () => import('./eval.ts')]],
  ['models', ['lists, checks and fetches models', () => import('./models.ts')]],
  ['cost', ['says what a deployment costs in a month', () => import('./cost.ts')]],
  ['smoke', ['follows one record through a deployment', () => import('./smoke.ts')]],
]);

const command = commands.get(process.argv[2]);
if (command) {
  process.argv.splice(2, 1);
  await command[1]();
} else {
  const program = new Command('spanstream')
    .description('Text goes in on a stream, spans come out. Each command has --help and --json.')
    .exitOverride();
  for (const [name = '', [description]] of commands) program.command(name).description(description);
  await runCommand(program);
}
