/*
 * Preloaded into a server (`node --import`), it makes it one of the next version, whose schema has one
 * more step than this one's. With `?breaking` the step says that only the next version can live with it.
 */
import { registerHooks } from 'node:module'

const migrations = '/stores/postgres/migrations.ts'
const text = `
  alter table sessions add column next_colour text;
  create table next_colours (name text primary key);
  create index next_sessions_of_colour on sessions (next_colour) where next_colour is not null`
const compatible = import.meta.url.endsWith('?breaking')
  ? 'compatibleFrom: postgresMigrations.length + 1'
  : ''
const step = `;(postgresMigrations as Migration[]).push({
  version: postgresMigrations.length + 1, name: 'the next version', text: \`${text}\`, ${compatible} })`

registerHooks({
  load: (url, context, next) => {
    const loaded = next(url, context)
    if (!url.endsWith(migrations)) return loaded
    return { ...loaded, source: `${String(loaded.source)}\n${step}` }
  },
})
