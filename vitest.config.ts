import { defineConfig } from 'vitest/config';

const project = (name: string, include: string[], exclude: string[], timeout: number) => ({
  extends: true as const,
  test: { name, include, exclude, testTimeout: timeout, hookTimeout: timeout },
});

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      project(
        'unit',
        ['test/**/*.test.ts'],
        [
          'test/cloud/**',
          'test/conformance/**',
          'test/console/browser/**',
          'test/e2e/**',
          'test/packages/**',
        ],
        60_000,
      ),
      project('conformance', ['test/conformance/**/*.test.ts'], [], 120_000),
      project('console', ['test/console/browser/**/*.test.ts'], [], 120_000),
      project('cloud', ['test/cloud/**/*.test.ts'], [], 480_000),
      project('packages', ['test/packages/**/*.test.ts'], [], 300_000),
      project('e2e', ['test/e2e/**/*.test.ts'], [], 180_000),
    ],
  },
});
