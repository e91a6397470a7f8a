import { existsSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { toSqliteFailure } from './failures.ts'

const busy = 5

export interface ServeLock {
  release(): void
}

/** Another `curfew serve` has the same file open. */
export class StoreInUse extends Error {
  readonly code = 'store_in_use'

  constructor(path: string) {
    super(
      `another curfew serve uses ${path}, and SQLite has one server only: ` +
        'stop that process, or use PostgreSQL for several replicas',
    )
  }
}

/**
 * Rule 36: one server for one file. A lock of the operating system on a file beside it, which ends with
 * the process, however that ends. The command line does not take it, so it may write meanwhile.
 *
 * @throws StoreInUse
 */
export function acquireServeLock(path: string): ServeLock {
  if (path === ':memory:') return { release: () => undefined }
  const db = new DatabaseSync(`${ownName(path)}-serve`, { timeout: 0 })
  try {
    db.exec('begin exclusive')
  } catch (error) {
    db.close()
    const isBusy = error instanceof Error && 'errcode' in error && error.errcode === busy
    throw isBusy ? new StoreInUse(path) : toSqliteFailure(error)
  }
  return {
    release: () => {
      if (db.isOpen) db.close()
    },
  }
}

/** A link to the file is the file. One that is not there yet has its name alone. */
function ownName(path: string): string {
  return existsSync(path) ? realpathSync(path) : join(realpathSync(dirname(path)), basename(path))
}
