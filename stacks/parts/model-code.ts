import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AssetStaging, IgnoreMode } from 'aws-cdk-lib';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { Code, DockerImageCode } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { ConfigurationError } from '#shared/errors.ts';
import type { StackContext } from './stack-context.ts';

/** Most bytes that Lambda takes of a zip once it is unpacked. */
const MAXIMUM_UNPACKED_BYTES = 250 * 1024 * 1024;

/** The handlers of the functions that run models, by their paths in the repository, the image and the zip. */
export type ModelHandler = 'dist/inference/index.handler' | 'dist/http/index.handler';

/** The one image of the functions that run models; its command is the handler. What it holds is in `.dockerignore`. */
export function modelImage(context: StackContext, handler: ModelHandler): DockerImageCode {
  const arm = context.settings.architecture === 'arm64';
  return DockerImageCode.fromImageAsset(context.root, {
    file: 'consumers/Dockerfile',
    cmd: [handler],
    buildArgs: { ONNX_ARCHITECTURE: arm ? 'arm64' : 'x64' },
    platform: arm ? Platform.LINUX_ARM64 : Platform.LINUX_AMD64,
    ignoreMode: IgnoreMode.DOCKER,
    // CDK ignores its own output only when told; .dockerignore lets through what the image needs alone.
    exclude: ['cdk.out'],
  });
}

/**
 * The one zip of the functions that run models: what the image holds beyond its base, at the same paths.
 *
 * @throws {ConfigurationError} where Lambda would refuse it for its size
 */
export function modelZip(scope: Construct, { root, settings }: StackContext): Code {
  const other = settings.architecture === 'arm64' ? 'x64' : 'arm64';
  const options = {
    ignoreMode: IgnoreMode.DOCKER,
    exclude: [
      ...readFileSync(join(root, '.dockerignore'), 'utf8').split('\n').filter(isRule),
      'consumers/Dockerfile',
      `node_modules/onnxruntime-node/bin/napi-v6/linux/${other}`,
    ],
  };
  // Staged once: of the same options the code gives the same folder.
  const { absoluteStagedPath } = new AssetStaging(scope, 'Staged', {
    ...options,
    sourcePath: root,
  });
  const bytes = sizeOf(absoluteStagedPath);
  if (bytes > MAXIMUM_UNPACKED_BYTES) {
    throw new ConfigurationError(
      `inference.package is zip, and it would have ${bytes} bytes unpacked, where Lambda takes ${MAXIMUM_UNPACKED_BYTES}: take models that do not run out of models/, or deploy an image`,
    );
  }
  return Code.fromAsset(root, options);
}

const isRule = (line: string): boolean => line !== '' && !line.startsWith('#');

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}
