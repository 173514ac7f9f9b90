import { lockDirectory } from '#local/cloud/lock.ts';

/** Tries to lock the folder it is told, at the moment it is told, and holds on to it until it is told of another. */
process.on('message', ({ directory, at }: { directory: string; at: number }) => {
  // Timers of several processes do not fire within the microseconds that a race takes.
  while (Date.now() < at);
  lockDirectory(directory).then(
    () => process.send?.('locked'),
    (error: Error) => process.send?.(error.message),
  );
});
process.send?.('ready');
