import { IgnoreMode } from 'aws-cdk-lib';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { DockerImageCode } from 'aws-cdk-lib/aws-lambda';
import type { StackContext } from './stack-context.ts';

/** The one image of both functions that run models; `command` chooses the handler. What it holds is in `.dockerignore`. */
export function modelImage(
  context: StackContext,
  command: 'inference/index.handler' | 'http/index.handler',
): DockerImageCode {
  const arm = context.settings.architecture === 'arm64';
  return DockerImageCode.fromImageAsset(context.root, {
    file: 'consumers/Dockerfile',
    cmd: [command],
    buildArgs: { ONNX_ARCHITECTURE: arm ? 'arm64' : 'x64' },
    platform: arm ? Platform.LINUX_ARM64 : Platform.LINUX_AMD64,
    ignoreMode: IgnoreMode.DOCKER,
    // CDK ignores its own output only when told; .dockerignore lets through what the image needs alone.
    exclude: ['cdk.out'],
  });
}
