/* The examples of the documents, as files that run: what stands there is what is tested. */
import { execFile, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../../../server/test/services/index.ts'

const run = promisify(execFile)
const repository = join(import.meta.dirname, '../../../..')
/** Inside of the package, so that an example finds what it imports; git does not see it. */
const folder = join(repository, 'packages/verifier/.curfew/examples')

export const documents = [
  'packages/verifier/README.md',
  'docs/guides/verifier-express.md',
  'docs/guides/verifier-fastify.md',
  'docs/guides/verifier-hono.md',
  'docs/guides/verifier-websockets.md',
] as const

/** Every block of TypeScript, in order. The first one of a document is a whole program. */
export function examplesOf(document: string): string[] {
  const text = readFileSync(join(repository, document), 'utf8')
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code)
}

/** What tsc says of all of them together; nothing, when they are right. */
export async function typeCheck(): Promise<string> {
  prepare()
  const files = documents.flatMap((document) =>
    examplesOf(document).map((code, index) => write(`${nameOf(document)}-${index}`, code)),
  )
  const project = join(folder, 'tsconfig.json')
  writeFileSync(project, JSON.stringify({ extends: '../../../../tsconfig.json', files }))
  return await run('tsc', ['-p', project]).then(
    ({ stdout }) => stdout,
    (error: unknown) => String(Reflect.get(Object(error), 'stdout')),
  )
}

export interface Program {
  readonly url: string
  stop(): Promise<void>
}

/** Runs a document's program against that Curfew, until it answers. */
export async function runExample(document: string, issuer: string): Promise<Program> {
  prepare()
  const [code = ''] = examplesOf(document)
  const file = write(nameOf(document), code.replace('https://auth.example.com', issuer))
  const port = await freePort()
  const env = { ...process.env, PORT: String(port), CURFEW_SECRET: 'secret' }
  const child = spawn(process.execPath, [file], { env, stdio: ['ignore', 'inherit', 'inherit'] })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const url = `http://127.0.0.1:${port}`
  const answers = async (): Promise<boolean> =>
    await fetch(url).then(
      () => true,
      () => false,
    )
  while (child.exitCode === null && !(await answers())) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  if (child.exitCode !== null) throw new Error(`the example of ${document} ended`)
  return {
    url,
    stop() {
      child.kill('SIGKILL')
      return ended
    },
  }
}

export function removeExamples(): void {
  rmSync(folder, { recursive: true, force: true })
}

function prepare(): void {
  mkdirSync(folder, { recursive: true })
}

function nameOf(document: string): string {
  return basename(document, '.md').toLowerCase()
}

function write(name: string, code: string): string {
  const file = join(folder, `${name}.ts`)
  writeFileSync(file, code)
  return file
}
