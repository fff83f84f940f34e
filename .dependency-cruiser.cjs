/** The dependency rules of the tree: one direction, no cycles, pure cores, TypeORM behind repositories. */
const features = ['pods', 'metrics', 'logs', 'training', 'alerts'];

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'core-is-pure',
      comment: 'core/ holds plain functions: it imports other core/ files and src/common only',
      severity: 'error',
      from: { path: '/core/', pathNot: '\\.spec\\.ts$' },
      to: { pathNot: '(/core/|^src/common/)' },
    },
    {
      name: 'common-imports-nothing-of-ours',
      severity: 'error',
      from: { path: '^src/common/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^src/', pathNot: '^src/common/' },
    },
    {
      name: 'wire-knows-common-only',
      severity: 'error',
      from: { path: '^src/wire/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^src/', pathNot: '^src/(wire|common)/' },
    },
    {
      name: 'shared-rooms-know-no-feature',
      severity: 'error',
      from: { path: '^src/(config|database|observability|http|auth)/' },
      to: { path: `^src/(${features.join('|')})/` },
    },
    {
      name: 'pods-know-no-other-feature',
      severity: 'error',
      from: { path: '^src/pods/' },
      to: { path: '^src/(metrics|logs|alerts)/' },
    },
    {
      name: 'metrics-logs-training-know-no-alerts',
      severity: 'error',
      from: { path: '^src/(metrics|logs|training)/' },
      to: { path: '^src/alerts/' },
    },
    {
      name: 'no-foreign-persistence',
      comment: "a feature never imports another feature's entity, repository or writer",
      severity: 'error',
      from: { path: `^src/(${features.join('|')})/` },
      to: { path: `^src/(${features.join('|')})/.*\\.(entity|repository|writer)\\.ts$`, pathNot: '^src/$1/' },
    },
    {
      name: 'typeorm-behind-repositories',
      severity: 'error',
      from: { path: '^src/', pathNot: '(^src/database/|\\.(entity|repository|writer|module)\\.ts$|\\.spec\\.ts$)' },
      to: { path: 'node_modules/typeorm/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'source-imports-no-tests',
      severity: 'error',
      from: { path: '^(src|migrations)/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^(test|bench)/' },
    },
    {
      name: 'no-dev-dependencies-at-run-time',
      severity: 'error',
      from: { path: '^(src|migrations)/', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: '@types/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
