import { describe, expect, test } from 'vitest'
import { newSecret } from './init.ts'
import { parseConfig } from './load.ts'

const files: Readonly<Record<string, string>> = {
  '/run/secrets/ring': `${newSecret()}\n`,
  '/run/secrets/two-lines': 'one\ntwo\n',
}

function readFile(path: string): string {
  const text = files[path]
  if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
  return text
}

/** The client secret that a line of the file gives, or the first mistake. */
function secretOf(written: string, env: Record<string, string> = {}): string | undefined {
  const text = `server: {publicUrl: "https://a"}\nsecrets: ["\${file:/run/secrets/ring}"]\nclients:\n  - ${written}\n`
  const result = parseConfig(text, { env, readFile })
  if (result.kind === 'invalid') {
    return result.mistakes.map(({ path, problem, fix }) => `${path}: ${problem}. ${fix}`).join('\n')
  }
  const auth = result.config.clients[0]?.auth
  return auth?.kind === 'secret' ? auth.secrets[0].reveal() : undefined
}

describe('references', () => {
  test.each([
    ['{ id: a, secret: ${NAME} }', 'value'],
    ['{ id: a, secret: "${NAME}" }', 'value'],
    ["{ id: a, secret: 'x-${NAME}-${NAME}' }", 'x-value-value'],
    ['{ id: a, secret: ${GONE:-fall, back: #1} }', 'fall, back: #1'],
    ['{ id: a, secret: ${EMPTY:-fallback} }', 'fallback'],
    ['{ id: a, secret: ${NAME:-fallback} }', 'value'],
    ['{ id: a, secret: ${file:/run/secrets/two-lines} }', 'one\ntwo'],
    ['{ id: a, secret: ${YAML} }', '"}, # injected: {a: 1}'],
    ['{ id: a, secret: ${NESTED} }', '${NAME}'],
    ['{ id: a, secret: "$${NAME}" }', '${NAME}'],
    ['{ id: a, secret: "$NAME $ {}" }', '$NAME $ {}'],
  ])('%s', (written, expected) => {
    const env = {
      NAME: 'value',
      EMPTY: '',
      YAML: '"}, # injected: {a: 1}',
      NESTED: '${NAME}',
    }
    expect(secretOf(written, env)).toBe(expected)
  })

  test.each([
    [
      '{ id: a, secret: ${GONE} }',
      /^clients\[0\]\.secret: the environment variable GONE is not set\. Set GONE/,
    ],
    [
      '{ id: a, secret: ${file:/gone} }',
      /^clients\[0\]\.secret: the file \/gone cannot be read \(ENOENT\)/,
    ],
    ['{ id: a, secret: ${not a name} }', /^clients\[0\]\.secret: \$\{not…\} is not a reference/],
    ['{ id: a, secret: ${NAME-hunter2} }', /^clients\[0\]\.secret: \$\{NAME…\} is not a reference/],
    ['{ id: a, secret: "${GONE:-${NAME}}" }', /^clients\[0\]\.secret: a reference stands within/],
    ['{ id: a, secret: "${OPEN"\n    }', /^clients\[0\]\.secret: \$\{ has no closing brace/],
    ['{ id: a, secret: ${EMPTY} }', /^clients\[0\]\.secret: the value of \$\{EMPTY\} is not/],
    [
      '{ id: a, accessTtl: ${NAME:-hunter2} }',
      /^clients\[0\]\.accessTtl: the value of \$\{NAME\} is not/,
    ],
    ['{ id: a, "${NAME}": 1 }', /^clients\[0\]\["\$\{NAME\}"\]: there is no such setting/],
  ])('%s is a mistake', (written, expected) => {
    const said = secretOf(written, { EMPTY: '' })
    expect(said).toMatch(expected)
    expect(said).not.toContain('hunter2')
  })

  test('a number, a flag and one of several shapes may come from the environment', () => {
    const clients =
      '[{id: a, secret: s, roles: [issuer], mayStartAdmins: "${FLAG}", dpop: "${FLAG}"}]'
    const sessions = '{devices: {app: {policy: single}, web: {policy: multiple, limit: "${N}"}}}'
    const text = `server: {publicUrl: "https://a", workers: "\${N}"}\nstore: postgres://a/b\nsecrets: ["\${file:/run/secrets/ring}"]\nclients: ${clients}\nsessions: ${sessions}`
    const result = parseConfig(text, { env: { N: '3', FLAG: 'true' }, readFile })
    expect(result).toMatchObject({
      kind: 'loaded',
      config: {
        server: { workers: 3 },
        clients: [{ mayStartAdmins: true, dpop: 'required' }],
        sessions: { devices: { web: { policy: { limit: 3 } } } },
      },
    })
  })
})
