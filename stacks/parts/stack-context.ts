import { RemovalPolicy, Tags } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { type ResourceNames, resourceNames } from '#shared/names.ts';
import type { Settings } from '#shared/settings.ts';

/** What every stack is built from. */
export interface StackContext {
  readonly settings: Settings;
  readonly names: ResourceNames;
  /** What becomes of data when its stack is deleted. */
  readonly removalPolicy: RemovalPolicy;
  /** Repository root: where bundles, models and the Dockerfile lie. */
  readonly root: string;
}

/** The context of one deployment. */
export function stackContext(settings: Settings, root: string): StackContext {
  return {
    settings,
    names: resourceNames(settings.environmentName),
    removalPolicy:
      settings.removalPolicy === 'retain' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    root,
  };
}

/** Marks everything under a construct as the deployment's, so that cost reports can tell. */
export function tagAll(scope: IConstruct, context: StackContext): void {
  Tags.of(scope).add('project', 'spanstream');
  Tags.of(scope).add('environment', context.settings.environmentName);
}
