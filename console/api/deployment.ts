import { call } from './client.ts';

/** Where the page was served from, as `/console.json` of its origin says. */
export interface Deployment {
  /** `local` on a laptop, where the page may redrive; else `aws`. */
  readonly kind: 'local' | 'aws';
  readonly environmentName: string;
}

/** Asks the page's origin what it is. */
export const readDeployment = (): Promise<Deployment> =>
  call({ path: '/console.json', expect: 'kind' });
