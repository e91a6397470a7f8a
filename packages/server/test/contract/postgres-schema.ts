/* The schema as the catalogue knows it: pg_dump's text differs from one version to the next. */
import type { RawRow } from './bench.ts'

type Ask = (sql: string) => Promise<readonly RawRow[]>

export async function dumpSchema(ask: Ask): Promise<string> {
  const parts = [tables, constraints, indexes, functions, triggers]
  const rows = await Promise.all(parts.map((sql) => ask(sql)))
  return `${rows
    .flat()
    .map(({ text }) => String(text).replaceAll(/ +$/gm, ''))
    .join('\n\n')}\n`
}

const tables = `
  select format(E'create table %s (\\n%s\\n)%s;', c.relname, (
    select string_agg(format('  %s %s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
      case when l.collname = 'C' then ' collate "C"' else '' end,
      case when a.attnotnull then ' not null' else '' end), E',\\n' order by a.attnum)
    from pg_attribute a left join pg_collation l on l.oid = a.attcollation
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  ), coalesce(' with (' || array_to_string(c.reloptions, ', ') || ')', '')) as text
  from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
  order by c.relname`

const constraints = `
  select format('alter table %s add constraint %s %s;', conrelid::regclass, conname,
    pg_get_constraintdef(oid)) as text
  from pg_constraint
  where connamespace = 'public'::regnamespace and contype in ('c', 'p', 'u', 'f')
  order by conrelid::regclass::text, conname`

const indexes = `
  select pg_get_indexdef(i.indexrelid) || ';' as text
  from pg_index i join pg_class c on c.oid = i.indexrelid
  where c.relnamespace = 'public'::regnamespace
    and not exists (select 1 from pg_constraint where conindid = i.indexrelid)
  order by c.relname`

const functions = `
  select pg_get_functiondef(oid) || ';' as text from pg_proc
  where pronamespace = 'public'::regnamespace order by proname`

const triggers = `
  select pg_get_triggerdef(oid) || ';' as text from pg_trigger
  where not tgisinternal order by tgname`
