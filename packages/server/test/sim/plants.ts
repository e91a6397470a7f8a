/*
 * Bugs to be found: a copy of the server's source in which a few lines are not as they should be. The product
 * has no switch for them; where a text to be replaced is not there exactly once, the plant is out of date.
 */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tempFolder } from '#test/services/index.ts'

type Edit = { readonly file: string; readonly from: string; readonly to: string }
export type Plant = { readonly what: string; readonly edits: readonly Edit[] }

export const plants = {
  'cache-without-denylist': {
    what: 'what is cached, here or in Redis, is answered without a look at the denylist, and fills heed neither that nor a tombstone',
    edits: [
      {
        file: 'src/cache/snapshots.ts',
        from: `    if (this.#tail.denies(sid)) {
      this.#entries.delete(sid)
      return undefined
    }
    const held = this.#entries.get(sid)`,
        to: '    const held = this.#entries.get(sid)',
      },
      {
        file: 'src/cache/snapshots.ts',
        from: 'return this.#tail.denies(sid) || this.#endsRead.has(sid)',
        to: 'return false',
      },
      {
        file: 'src/cache/two-levels.ts',
        from: 'tail.stale || tail.denies(sid) || storeNow()',
        to: 'tail.stale || storeNow()',
      },
      {
        file: 'src/cache/shared-scripts.ts',
        from: "if string.sub(held, 1, 1) == 't' then return 0 end\n",
        to: '',
      },
      {
        file: 'src/cache/snapshots.ts',
        from: 'this.#tail.stale || this.#tail.denies(sid)) return 0',
        to: 'this.#tail.stale) return 0',
      },
      {
        file: 'src/forward-auth-ports.ts',
        from: 'denies: (sid) => memory.denylist.denies(sid),',
        to: 'denies: () => false,',
      },
    ],
  },
  'tail-forgets': {
    what: 'hints and pulls arrive, and what they tell of is not denied',
    edits: [
      {
        file: 'src/feed/tail.ts',
        from: 'this.#ended.add(entry.sid, entry.keepUntilSeconds)',
        to: 'void entry.keepUntilSeconds',
      },
    ],
  },
  'lease-without-fence': {
    what: 'a lease is taken whoever holds it',
    edits: [
      {
        file: 'src/authority/provider-standing.ts',
        from: 'if (link.lease !== null && now < link.lease.until)',
        to: 'if (link.lease !== null && now < 0)',
      },
      {
        file: 'src/domain/provider.ts',
        from: "  if (provider.lease !== null && now < provider.lease.until) return refused({ why: 'leased' })\n",
        to: '',
      },
    ],
  },
  'early-acknowledgement': {
    what: 'a logout is answered before its commit',
    edits: [
      {
        file: 'src/authority/logout.ts',
        from: `  const ended = await endFor(rooms, sid, { reason: reason('userLogout'), by, guard: 'live' })
  const byThis = ended !== 'conflict' && ended.kind === 'ended' && ended.byThis
  return { kind: 'done', sid, already: !byThis }`,
        to: `  endFor(rooms, sid, { reason: reason('userLogout'), by, guard: 'live' }).catch(() => undefined)
  return { kind: 'done', sid, already: false }`,
      },
    ],
  },
  'swap-without-version': {
    what: 'a refresh is written whatever version the row has',
    edits: [
      {
        file: 'src/stores/acts/sessions.ts',
        from: 'where sid = $1 and version = $2 and revoked_at is null',
        to: 'where sid = $1 and version >= $2 - 1000 and revoked_at is null',
      },
    ],
  },
  'start-without-fence': {
    what: 'a sign-in does not compare its fence',
    edits: [
      {
        file: 'src/stores/acts/start.ts',
        from: "const moved = fence < whole(user, 'fence') || fence > whole(user, 'global_fence')",
        to: 'const moved = fence < 0',
      },
    ],
  },
} as const satisfies Readonly<Record<string, Plant>>
export type PlantName = keyof typeof plants

const server = fileURLToPath(new URL('../..', import.meta.url))
const modules = fileURLToPath(new URL('../../../../node_modules', import.meta.url))

export type Patched = { readonly program: string; remove(): void }

/** @throws Error when there is no such plant, or when it is out of date */
export function patchedProgram(name: string): Patched {
  if (!isPlant(name)) throw new Error(`${name} is none of ${Object.keys(plants).join(', ')}`)
  const folder = tempFolder('curfew-plant-')
  const copy = join(folder.path, 'server')
  mkdirSync(copy)
  symlinkSync(modules, join(folder.path, 'node_modules'))
  cpSync(join(server, 'src'), join(copy, 'src'), { recursive: true })
  cpSync(join(server, 'package.json'), join(copy, 'package.json'))
  for (const edit of plants[name].edits) apply(join(copy, edit.file), edit)
  return { program: join(copy, 'src/bin.ts'), remove: () => folder.remove() }
}

function apply(path: string, { file, from, to }: Edit): void {
  const parts = readFileSync(path, 'utf8').split(from)
  if (parts.length !== 2) {
    throw new Error(`the plant is out of date: ${parts.length - 1} places in ${file} say\n${from}`)
  }
  writeFileSync(path, parts.join(to))
}

function isPlant(name: string): name is PlantName {
  return Object.hasOwn(plants, name)
}
