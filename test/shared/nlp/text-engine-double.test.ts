import { describeTextEngine } from './engine-contract.ts';
import { createTextEngineDouble } from './text-engine-double.ts';

describeTextEngine('the double', () => ({ ...createTextEngineDouble(), badText: 'POISON' }));
