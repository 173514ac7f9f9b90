// Worker threads do not inherit the TypeScript loader on every supported Node version.
import { register } from 'tsx/esm/api';

register();
await import('./worker.ts');
