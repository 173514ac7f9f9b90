// Who may import whom: an allow list. What no row allows is an error, as is every circle of files, also one of types alone.
const sdk = ['@aws-sdk/', '@smithy/', 'aws-lambda'];
const anyPackage = 'node_modules/';

/** A room or a file, what it may import of rooms above it, and which packages. Its own files and Node's modules are free. */
const rows = [
  ['shared/nlp/', ['shared/errors.ts'], ['zod']],
  ['shared/nlp/personal-data/', [], ['libphonenumber-js']],
  ['shared/nlp/onnx.ts', [], ['onnxruntime-']],
  ['shared/nlp/worker-development.mjs', [], ['tsx']],
  [
    'shared/(?!nlp/)',
    ['shared/nlp/types.ts', 'shared/nlp/personal-data/'],
    [...sdk, 'cli-progress', 'commander', 'p-limit', 'pino', 'zod'],
  ],
  ['producers/', ['shared/(?!nlp/)'], [...sdk, 'commander', 'p-limit', 'tinyglobby', 'zod']],
  ['consumers/inference/', ['shared/'], [...sdk, 'p-limit', 'zod']],
  ['consumers/metrics/', ['shared/(?!nlp/)'], [...sdk, 'p-limit', 'zod']],
  ['consumers/canary/', ['shared/(?!nlp/)'], sdk],
  // Intake is a way in: it puts records as any application does, with the library that applications use.
  ['consumers/intake/', ['shared/(?!nlp/)', 'producers/index.ts'], [...sdk, 'p-limit', 'zod']],
  ['consumers/http/', ['shared/'], [...sdk, 'p-limit', 'zod']],
  ['stacks/(?!local/)', ['shared/(?!nlp/)'], ['aws-cdk-lib', 'cdk-nag', 'constructs']],
  [
    'stacks/local/',
    ['shared/(?!nlp/)', 'producers/', 'local/'],
    [...sdk, 'esbuild', 'pino', 'zod'],
  ],
  // A cloud that knows nothing of what runs on it: of shared/ no name, table or setting.
  [
    'local/',
    ['shared/errors.ts', 'shared/retry.ts', 'shared/contracts/validate.ts'],
    [...sdk, 'esbuild', 'level', 'memory-level', 'p-limit', 'zod'],
  ],
  // Of the page what its tests import: the parser knows no JSX, so that biome.json has the rules of all its files.
  [
    'console/',
    ['shared/contracts/', 'shared/metric-names.ts', 'shared/nlp/types.ts'],
    ['preact', 'zod'],
  ],
  ['fixtures/', ['shared/'], ['zod']],
  ['scripts/', ['shared/', 'producers/', 'local/', 'stacks/local/', anyPackage], []],
  ['test/', [''], []],
];

/** All that the engine asks of its host: no environment, no network. */
const engineHost = '^(crypto|fs|fs/promises|os|path|timers/promises|url|worker_threads|zlib)$';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  allowedSeverity: 'error',
  allowed: [
    ...rows.map(([room, files, packages]) => ({
      from: { path: `^${room}` },
      to: {
        path: [
          room,
          ...files,
          ...packages.flatMap((name) => [
            name,
            `node_modules/${name}`,
            `node_modules/@types/${name}`,
          ]),
        ].map((path) => `^${path}`),
      },
    })),
    { from: { pathNot: '^shared/nlp/' }, to: { dependencyTypes: ['core'] } },
    { from: { path: '^shared/nlp/' }, to: { dependencyTypes: ['core'], path: engineHost } },
  ],
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, pathNot: '/functions/' },
      to: {},
    },
  ],
  options: {
    // TypeScript 7 has no API to parse with.
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
