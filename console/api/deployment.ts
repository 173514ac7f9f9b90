import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { CONSOLE_INFO_PATH, ConsoleInfo } from '#shared/contracts/console.ts';
import { call } from './client.ts';

const path: typeof CONSOLE_INFO_PATH = '/console.json';

/** Asks the page's origin what deployment it shows. */
export const readDeployment = (signal: AbortSignal): Promise<ConsoleInfo> =>
  call({ path, expect: 'environmentName', signal });

/** The deployment that is shown. */
export const DeploymentContext = createContext<ConsoleInfo | undefined>(undefined);

/** The deployment that is shown, within the views. */
export function useDeployment(): ConsoleInfo {
  const deployment = useContext(DeploymentContext);
  if (!deployment) throw new Error('no view is drawn before the deployment is known');
  return deployment;
}
