export { findPersonalData, searchPersonalData } from './find-personal-data.ts';
export { redact } from './redact.ts';
export { redactAnalysis } from './redact-analysis.ts';
export {
  type PersonalData,
  type PersonalDataKind,
  type PersonalDataOptions,
  personalDataKinds,
} from './types.ts';
export { personalDataVersion } from './version.ts';
