import type { Alarm, StateValue } from './alarms.ts';
import type { Context } from './context.ts';

/** Puts an alarm into a state; a change, and each action that it means, is written to its history. */
export async function changeState(
  context: Context,
  alarm: Alarm,
  wanted: { state: StateValue; reason: string },
): Promise<void> {
  if (wanted.state === alarm.state) return;
  const at = context.now();
  const name = alarm.configuration.AlarmName;
  await context.commit(
    {
      alarm: {
        ...alarm,
        state: wanted.state,
        reason: wanted.reason,
        stateUpdatedAt: at,
        stateChangedAt: at,
      },
    },
    {
      history: {
        alarmName: name,
        at,
        type: 'StateUpdate',
        summary: `Alarm updated from ${alarm.state} to ${wanted.state}`,
        data: JSON.stringify({
          version: '1.0',
          oldState: { stateValue: alarm.state, stateReason: alarm.reason },
          newState: { stateValue: wanted.state, stateReason: wanted.reason },
        }),
      },
    },
    ...actionsOf(alarm, wanted.state).map((action) => ({
      history: {
        alarmName: name,
        at,
        type: 'Action' as const,
        summary: `Successfully executed action ${action}`,
        data: JSON.stringify({ actionState: 'Succeeded', notificationResource: action }),
      },
    })),
  );
}

/** Whom an alarm tells of a state. */
function actionsOf({ configuration }: Alarm, state: StateValue): string[] {
  if (!configuration.ActionsEnabled) return [];
  const { AlarmActions: ALARM, OKActions: OK, InsufficientDataActions } = configuration;
  return { ALARM, OK, INSUFFICIENT_DATA: InsufficientDataActions }[state];
}
