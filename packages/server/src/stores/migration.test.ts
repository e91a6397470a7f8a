import { describe, expect, test } from 'vitest'
import { compatibleFrom, type Migration, pending, StoreTooNew } from './migration.ts'
import { postgresMigrations } from './postgres/migrations.ts'
import { sqliteMigrations } from './sqlite/migrations.ts'

const engines: readonly (readonly [string, readonly Migration[]])[] = [
  ['sqlite', sqliteMigrations],
  ['postgres', postgresMigrations],
]

/** What an older program does not notice: it names the columns that it reads and writes. */
const additions: readonly RegExp[] = [
  /^create table \w+/,
  /^create index \w+ on \w+/,
  /^alter table \w+ add column \w+ (?!.*\bunique\b)(?!.*\bprimary key\b)(?!.*\breferences\b)(?!.*\bcheck\b)/,
  /^insert into (?<own>\w+)/,
  /^create unique index \w+ on (?<own>\w+)/,
  /^create trigger \w+ (?:before|after) \w+(?: or \w+)* on (?<own>\w+)/,
  /^create function \w+/,
]

/** Statements of a step that may break a program of the version before it. */
function breaking({ text }: Pick<Migration, 'text'>): readonly string[] {
  const statements = statementsOf(text)
  const own = statements.flatMap((one) => /^create table (\w+)/.exec(one)?.[1] ?? [])
  return statements.filter((one) => !additions.some((form) => adds(form, one, own)))
}

function adds(form: RegExp, statement: string, own: readonly string[]): boolean {
  const match = form.exec(statement)
  if (match === null) return false
  // A column that must have a value needs one of its own for rows of those who do not know it.
  if (/ add column .*\bnot null\b/.test(statement) && !/\bdefault\b/.test(statement)) return false
  const table = match.groups?.['own']
  return table === undefined || own.includes(table)
}

function statementsOf(text: string): readonly string[] {
  const flat = text
    .toLowerCase()
    .replaceAll(/\$body\$.*?\$body\$/gs, '')
    .replaceAll(/\s+/g, ' ')
  return flat
    .replaceAll(/\bbegin .*? end;/g, '')
    .split(';')
    .map((one) => one.trim())
    .filter((one) => one !== '')
}

describe.each(engines)('the migrations of %s', (_engine, migrations) => {
  test('are numbered from 1 without a gap', () => {
    expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_, at) => at + 1))
  })

  test('only add, or say from which version on programs can live with them', () => {
    for (const step of migrations.slice(1)) {
      if (step.compatibleFrom === undefined) expect(breaking(step), step.name).toEqual([])
      // What version n has made unused may go in n + 1: replicas of n are still running then.
      else expect(step.compatibleFrom, step.name).toBeLessThan(step.version)
    }
  })
})

test('both engines take the same steps', () => {
  const said = engines.map(([, migrations]) =>
    migrations.map(({ version, name, compatibleFrom: from }) => ({ version, name, from })),
  )
  expect(said[0]).toEqual(said[1])
})

test.each([
  'drop table once',
  'alter table sessions drop column acr',
  'alter table sessions rename column acr to level',
  'alter table sessions alter column acr set not null',
  'alter table sessions add column colour text not null',
  'alter table sessions add column colour text unique',
  'create unique index one_colour on sessions (uid)',
  'create trigger no_colour after insert on sessions execute function refuse()',
  'update sessions set acr = null',
  'insert into users (uid) values (1)',
])('an older program may break: %s', (text) => {
  expect(breaking({ text })).toEqual([text])
})

test.each([
  'create table colours (name text primary key); create unique index c on colours (name)',
  'alter table sessions add column colour text',
  "alter table sessions add column colour text not null default 'red'",
  'create index sessions_of_colour on sessions (colour) where revoked_at is null',
])('an older program goes on: %s', (text) => {
  expect(breaking({ text })).toEqual([])
})

const steps: readonly Migration[] = [
  { version: 1, name: 'first', text: '' },
  { version: 2, name: 'adds', text: '' },
  { version: 3, name: 'takes away', text: '', compatibleFrom: 2 },
]

test('what a step takes away stays away: later ones are compatible from there on as well', () => {
  const later = [...steps, { version: 4, name: 'adds', text: '' }]
  expect([1, 2, 3, 4].map((version) => compatibleFrom(later, version))).toEqual([1, 1, 2, 2])
})

test('steps are taken from where the schema stands', () => {
  const at = (version: number) => pending(steps, [{ version, compatible_from: 1 }])
  expect(at(1).map(({ version }) => version)).toEqual([2, 3])
  expect(at(3)).toEqual([])
})

test('a newer schema is lived with if it says that this version can', () => {
  expect(pending(steps, [{ version: 5, compatible_from: 3 }])).toEqual([])
  const refused = () => pending(steps, [{ version: 5, compatible_from: 4 }])
  expect(refused).toThrow(StoreTooNew)
  expect(refused).toThrow(/schema version 5.*a curfew that knows version 4; this one knows 3/)
})

test('a newer schema that says nothing is refused', () => {
  expect(() => pending(steps, [{ version: 5, compatible_from: null }])).toThrow(StoreTooNew)
})
