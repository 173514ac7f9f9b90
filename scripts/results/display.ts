import { print } from '#shared/cli/run-command.ts';
import { publicResultSchema } from '#shared/contracts/http-api.ts';
import { isResult, type TableItem } from '#shared/results-table/stored-item.ts';
import { chooseItem, type Wanted } from './choose.ts';
import { rejectionLines, resultLines } from './show.ts';

/** Shows items that are wanted as they come, for people or as JSON Lines, and counts them. */
export function createDisplay(wanted: Wanted, isForPeople: boolean, write = print) {
  const counts = { results: 0, rejected: 0, entities: 0 };
  return {
    counts,
    show(item: TableItem): void {
      const chosen = chooseItem(item, wanted);
      if (!chosen) return;
      if (isResult(chosen)) {
        counts.results += 1;
        counts.entities += chosen.entities.length;
        if (isForPeople) write([...resultLines(chosen, wanted.id !== undefined), '']);
        else write([JSON.stringify(publicResultSchema.parse(chosen))]);
        return;
      }
      counts.rejected += 1;
      const { pk: _, sk: __, expiresAt: ___, pending: ____, ...rejection } = chosen;
      if (isForPeople) write([...rejectionLines(chosen), '']);
      else write([JSON.stringify(rejection)]);
    },
  };
}

/** What items are shown on. */
export type Display = ReturnType<typeof createDisplay>;
