import { resolve } from 'node:path';
import { readSettingsFile } from '#shared/settings-file.ts';
import { createDeployment } from './deployment.ts';

const root = resolve(import.meta.dirname, '..');
const { CDK_DEFAULT_ACCOUNT: account, CDK_DEFAULT_REGION: region } = process.env;

createDeployment(readSettingsFile(), {
  root,
  ...(account && region && { env: { account, region } }),
}).app.synth();
