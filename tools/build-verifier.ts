/*
 * Builds what is published as @curfew/verifier into packages/verifier/dist, or into the folder that is
 * given: JavaScript and declarations by tsc, and the manifest that says where they are. In the repository
 * the package's exports lead to the sources; nobody needs a build to develop.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { repositoryRoot } from './tree.ts'

const home = join(repositoryRoot, 'packages/verifier')

function build(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  compile(folder)
  for (const name of readdirSync(folder)) {
    if (name.endsWith('.d.ts')) repoint(join(folder, name))
  }
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`)
  cpSync(join(home, 'README.md'), join(folder, 'README.md'))
  cpSync(join(repositoryRoot, 'LICENSE'), join(folder, 'LICENSE'))
}

function compile(folder: string): void {
  const project = join(home, 'tsconfig.build.json')
  const compiled = spawnSync('tsc', ['-p', project, '--outDir', folder], { stdio: 'inherit' })
  if (compiled.status !== 0) throw new Error('tsc failed')
}

/** tsc rewrites the imports of the JavaScript, not those of the declarations. */
function repoint(path: string): void {
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, text.replace(/(\bfrom '|\bimport\(')(\.\/[\w-]+)\.ts'/g, "$1$2.js'"))
}

/** The package's own, with exports that lead to what was built and without what only the repository needs. */
function manifest(): Record<string, unknown> {
  const source = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'))
  const { devDependencies: _, scripts: __, exports, dependencies, ...published } = source
  // Exact here, for builds that can be repeated; a range for others, so that they have one copy.
  const ranges = Object.entries(dependencies).map(([name, version]) => [name, `^${version}`])
  const built = Object.entries<string>(exports).map(([name, path]) => {
    const file = path.replace('./src/', './').replace(/\.ts$/, '')
    return [name, { types: `${file}.d.ts`, default: `${file}.js` }]
  })
  return {
    ...published,
    exports: { ...Object.fromEntries(built), './package.json': './package.json' },
    dependencies: Object.fromEntries(ranges),
  }
}

build(resolve(process.argv[2] ?? join(home, 'dist')))
