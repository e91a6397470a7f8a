/*
 * docs/reference/http.md, errors.md and metrics.md from the routes and tables of the http room. Run it to
 * write them; with --check it fails when one is stale.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import {
  type ApiDescription,
  type ApiOperation,
  type ApiSchema,
  describeApi,
  oauthErrors,
  problemKinds,
  type SeriesKind,
  series,
} from '../packages/server/src/http/index.ts'
import type { Finding } from './source.ts'
import { listFiles, readText, report, repositoryRoot } from './tree.ts'

const written = '<!-- Written by `npm run docs` from packages/server/src/http. -->'

export const httpDocuments = [
  { path: 'docs/reference/http.md', generate: async () => httpDocument(await describeApi()) },
  { path: 'docs/reference/errors.md', generate: errorsDocument },
  { path: 'docs/reference/metrics.md', generate: metricsDocument },
] as const

export function errorsDocument(): string {
  const problems = Object.entries(problemKinds).map(
    ([code, { status, title, hint }]) => `| \`${code}\` | ${status} | ${title} | ${cell(hint)} |`,
  )
  const oauth = Object.entries(oauthErrors).map(
    ([code, { status, when }]) => `| \`${code}\` | ${status} | ${cell(when)} |`,
  )
  return lines(
    '# Errors',
    '',
    written,
    '',
    'Everything but `/oauth/*` answers errors as problem JSON (RFC 9457): `type` (`urn:curfew:problem:<code>`), `code`, `title`, `status`, `detail`, and for',
    'invalid input `errors[]`, each with `in` (`body`, `query` or `path`), a JSON `pointer` and a `detail`; all mistakes are listed at once. Rely on `code`; titles and details may change.',
    '',
    '| code | status | title | what to do |',
    '| --- | --- | --- | --- |',
    ...problems,
    '',
    '`session_ended` has the members `revoked_reason` and `revoked_at` (Unix seconds); `not_ready` has `dependencies`; `internal` has `reference`, which leads to the log. 401 has',
    '`WWW-Authenticate`; 429 and 503 have `Retry-After`; 405 has `Allow`. An outage is 503, never 401.',
    '',
    '## On /oauth/\\*',
    '',
    'JSON as RFC 6749, section 5.2 says: `error`, `error_description`.',
    '',
    '| error | status | when |',
    '| --- | --- | --- |',
    ...oauth,
    '',
    'Also there: 405 with another method, 413 for a large body and 415 for another content type, each with `invalid_request`; 429 over a limit, with `temporarily_unavailable`.',
  )
}

export function metricsDocument(): string {
  const all: readonly (readonly [string, SeriesKind])[] = Object.entries(series)
  const rows = all.map(([name, { kind, help, labels, acrossWorkers }]) => {
    const listed = Object.entries(labels).map(
      ([label, values]) =>
        `\`${label}\`: ${values.map((value: string) => `\`${value}\``).join(', ')}`,
    )
    const shown = acrossWorkers === undefined ? '' : ' Of several workers the largest.'
    return `| \`${name}\` | ${kind} | ${listed.join('; ')} | ${cell(help)}${shown} |`
  })
  return lines(
    '# Metrics',
    '',
    written,
    '',
    '`GET /metrics` in the text format of Prometheus; 404 to requests that came through a proxy, unless `server.metricsListen` is set. Every series stands at 0 from the start. No uid,',
    'sid, host or path is ever a label. With `server.workers` each series is the sum over all of them, whichever is asked, unless it says otherwise.',
    '',
    '| name | kind | labels | what |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
    'Beside them the usual ones of the process and of Node.js, as `curfew_process_*` and `curfew_nodejs_*`.',
  )
}

export function httpDocument(api: ApiDescription): string {
  const operations = Object.entries(api.paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([method]) => method !== 'head')
      .map(([method, operation]) => ({ title: `${method.toUpperCase()} ${path}`, operation })),
  )
  const tags = [...new Set(operations.map(({ operation }) => operation.tags?.[0] ?? 'Other'))]
  const sections = tags.flatMap((tag) => [
    `## ${tag}`,
    '',
    ...operations
      .filter(({ operation }) => (operation.tags?.[0] ?? 'Other') === tag)
      .flatMap(({ title, operation }) => section(title, operation)),
  ])
  return lines(
    '# HTTP',
    '',
    written,
    '',
    'All paths lie below the path of `server.publicUrl`; `/openapi.json` describes them for machines. Times are Unix seconds. Unknown request members are 400, an empty body counts',
    'as `{}`. GET paths answer HEAD, but for those that a person goes through. Errors: [errors.md](errors.md).',
    '',
    ...sections.slice(0, -1),
  )
}

function section(title: string, operation: ApiOperation): string[] {
  const who = operation.description ?? ''
  const statuses = Object.keys(operation.responses).filter((status) => status !== 'default')
  const members = [...bodyRows(operation), ...parameterRows(operation)]
  const table =
    members.length === 0 ? [] : ['| member | where | what |', '| --- | --- | --- |', ...members, '']
  return [
    `### \`${title}\``,
    '',
    `${operation.summary ?? ''}. ${who} Answers ${statuses.join(', ')}.`,
    '',
    ...table,
  ]
}

function bodyRows({ requestBody }: ApiOperation): string[] {
  const schema = Object.values(requestBody?.content ?? {})[0]?.schema
  const required = schema?.required ?? []
  return Object.entries(schema?.properties ?? {}).map(([name, member]) => {
    const where = required.includes(name) ? 'body, required' : 'body'
    return `| \`${name}\` (${typeOf(member)}) | ${where} | ${cell(member.description ?? '')} |`
  })
}

function parameterRows({ parameters = [] }: ApiOperation): string[] {
  return parameters
    .filter((parameter) => parameter.in === 'query')
    .map(({ name, description = '' }) => `| \`${name}\` | query | ${cell(description)} |`)
}

function typeOf({ type = 'any' }: ApiSchema): string {
  return typeof type === 'string' ? type : type.join(' or ')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

function lines(...all: readonly string[]): string {
  return `${all.join('\n').trimEnd()}\n`
}

if (import.meta.main) {
  const paths = new Set(listFiles())
  const findings: Finding[] = []
  for (const { path, generate } of httpDocuments) {
    const wanted = await generate()
    if (!process.argv.includes('--check')) {
      mkdirSync(dirname(join(repositoryRoot, path)), { recursive: true })
      writeFileSync(join(repositoryRoot, path), wanted)
    } else if (!paths.has(path) || readText(path) !== wanted) {
      findings.push({
        path,
        line: 1,
        message: 'stale: run `npm run docs` and commit what it writes',
      })
    }
  }
  report('docs of http', findings)
}
