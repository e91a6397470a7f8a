/* What other teams install: its files, its manifest, its types, its size. */
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { build } from 'esbuild'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Packed, packVerifier } from './packed.ts'

const run = promisify(execFile)
let packed: Packed

beforeAll(async () => {
  packed = await packVerifier()
})
afterAll(() => packed.remove())

/** Of the modules that an import leads to; the adapters' are listed by their exports alone. */
const entries = ['index', 'feed', 'express', 'fastify', 'hono', 'fetch', 'redis']

async function files(): Promise<string[]> {
  const { stdout } = await run('tar', ['-tzf', packed.tarball])
  return stdout.trim().split('\n').sort()
}

describe('the tarball', () => {
  test('holds JavaScript, declarations, the manifest, README and LICENSE, and nothing else', async () => {
    const names = await files()
    const others = names.filter((name) => !/^package\/[a-z-]+\.(?:js|d\.ts)$/.test(name))
    expect(others).toEqual(['package/LICENSE', 'package/README.md', 'package/package.json'])
    for (const entry of entries) {
      expect(names).toContain(`package/${entry}.js`)
      expect(names).toContain(`package/${entry}.d.ts`)
    }
    expect(names.filter((name) => /test|scripted|fake/.test(name))).toEqual([])
  })

  test('imports jose and, in its declarations, the frameworks; nothing of Node', async () => {
    const imports = (await files())
      .filter((name) => /\.(?:js|ts)$/.test(name))
      .flatMap((name) => {
        const text = readFileSync(join(packed.built, name.slice('package/'.length)), 'utf8')
        const found = text.matchAll(
          /^(?:import|export)\b[^'"]*?from '([^']+)'|import\('([^']+)'\)/gm,
        )
        return [...found].map(([, from, dynamic]) => `${name.split('.').at(-1)} ${from ?? dynamic}`)
      })
    const outside = new Set(imports.filter((one) => !one.includes(' ./')))
    expect([...outside].sort()).toEqual([
      'js jose',
      'ts express',
      'ts fastify',
      'ts hono',
      'ts jose',
    ])
    expect(imports.filter((one) => one.endsWith('.ts'))).toEqual([])
    // What Express consists of cannot be found from here where packages see only what they ask for.
    expect(readFileSync(join(packed.built, 'express.d.ts'), 'utf8')).not.toContain('static-core')
  })

  test('satisfies publint, strictly', async () => {
    const { messages } = await publint({ pkgDir: packed.built, strict: true, pack: false })
    expect(messages).toEqual([])
  })

  test('has types that resolve wherever modules do', async () => {
    const tarball = createPackageFromTarballData(new Uint8Array(readFileSync(packed.tarball)))
    const result = await checkPackage(tarball)
    const problems = result.types === false ? ['no types'] : result.problems
    // Meant: it is a package of modules.
    const others = problems.filter(
      (one) => typeof one === 'string' || one.kind !== 'CJSResolvesToESM',
    )
    expect(others).toEqual([])
  })
})

describe('a consumer', () => {
  test('type-checks against the declarations alone, without the types of Node', async () => {
    const { consumer } = packed
    const options = {
      compilerOptions: {
        ...{ target: 'es2024', module: 'nodenext', strict: true, noEmit: true, types: [] },
        ...{ lib: ['es2024', 'dom', 'dom.iterable', 'dom.asynciterable'], skipLibCheck: false },
        // The suite imports by path with the ending of TypeScript.
        allowImportingTsExtensions: true,
      },
      files: ['use.ts', 'suite.ts'],
    }
    const use = `
      import { createVerifier, isVerifyError, type Session } from '@curfew/verifier'
      import { Denylist } from '@curfew/verifier/feed'
      import { redisPush } from '@curfew/verifier/redis'
      const verifier = await createVerifier({
        issuer: 'https://auth.example.com', audience: 'https://api.example.com',
        clientId: 'satellite', clientSecret: 'secret', pullInterval: '30s',
      })
      const session: Session = await verifier.verify('token')
      verifier.on('ended', ({ sid }) => new Denylist().has(sid))
      try { verifier.peek(session.sub) } catch (error) {
        if (isVerifyError(error) && error.status === 503) error.code satisfies 'stale' | 'keys_unavailable'
      }
      export { redisPush }
    `
    writeFileSync(join(consumer, 'tsconfig.json'), JSON.stringify(options))
    writeFileSync(join(consumer, 'use.ts'), use)
    const checked = await run('tsc', ['-p', consumer]).catch((error: unknown) => error)
    expect(Reflect.get(Object(checked), 'stdout')).toBe('')
  })

  test('waits for a Curfew that is not there for as long as it was told, and says why it gives up', async () => {
    const { consumer } = packed
    const code = `
      import { createVerifier } from '@curfew/verifier'
      const url = 'http://127.0.0.1:9'
      const client = { clientId: 'a', clientSecret: 'b' }
      await createVerifier({ issuer: url, audience: 'x', ...client, startTimeout: '1500ms' })
    `
    writeFileSync(join(consumer, 'waits.mjs'), code)
    const failed: unknown = await run(process.execPath, ['waits.mjs'], { cwd: consumer }).catch(
      (error: unknown) => error,
    )
    // Not 13, with which Node ends when nothing is left that it could wait for.
    expect(Reflect.get(Object(failed), 'code')).toBe(1)
    expect(Reflect.get(Object(failed), 'stderr')).toContain('start_timeout')
  })

  test('bundles little: verifier and jose, and nothing that belongs to Node', async () => {
    const bundled = await build({
      stdin: {
        contents: `export { createVerifier } from '@curfew/verifier'`,
        resolveDir: packed.consumer,
      },
      ...{ bundle: true, minify: true, format: 'esm', platform: 'browser', target: 'es2022' },
      ...{ write: false, metafile: true, logLevel: 'silent' },
    })
    const [output] = bundled.outputFiles
    const text = output?.text ?? ''
    const inputs = Object.values(bundled.metafile.outputs).flatMap(({ inputs: all }) =>
      Object.entries(all),
    )
    const modules = inputs
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([path]) => path)
    const packages = modules.map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1])
    expect(new Set(packages)).toEqual(new Set(['@curfew/verifier', 'jose']))
    // The denylist, the feed and the signals are needed; adapters, Redis and encryption are not.
    const unneeded = /express|fastify|hono|redis|fetch\.js|\/jwe\/|\/jwt\//
    expect(modules.filter((path) => unneeded.test(path))).toEqual([])
    const ofNode = [/node:/, /\brequire\(/, /\bprocess\./, /\bBuffer\b/]
    expect(ofNode.filter((pattern) => pattern.test(text))).toEqual([])
    // A third of it is jose. What grows it should be worth its bytes, as proofs of possession were.
    expect(text.length).toBeLessThan(66_000)
    expect(gzipSync(text).length).toBeLessThan(22_500)
  })
})
