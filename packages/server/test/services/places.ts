/* Where a service of the tests lives: a free port, a folder of its own, a user that is not root. */
import { execFileSync } from 'node:child_process'
import { accessSync, chmodSync, chownSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type Identity = { readonly uid: number; readonly gid: number }
export type TempFolder = { readonly path: string; remove(): void }

const nobody: Identity = { uid: 65534, gid: 65534 }

/** A port of 127.0.0.1 that was free a moment ago. Whoever takes it must be ready to ask again. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}

/** A fresh folder, owned by `owner` when that is given (only root can give folders away). */
export function tempFolder(prefix = 'curfew-', owner?: Identity): TempFolder {
  const path = mkdtempSync(join(owner ? sharedTmp() : tmpdir(), prefix))
  if (owner) {
    chownSync(path, owner.uid, owner.gid)
    chmodSync(path, 0o700)
  }
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** As whom a service runs: ourselves, or, because PostgreSQL refuses root, one of the named users. */
export function serviceIdentity(...names: readonly string[]): Identity | undefined {
  if (process.getuid?.() !== 0) return undefined
  for (const name of names) {
    const uid = idOf('-u', name)
    const gid = idOf('-g', name)
    if (uid !== undefined && gid !== undefined) return { uid, gid }
  }
  return nobody
}

function idOf(flag: '-u' | '-g', name: string): number | undefined {
  try {
    const text = execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' })
    return Number.parseInt(text, 10)
  } catch {
    return undefined
  }
}

// root's own TMPDIR may be closed to others; the system's never is.
function sharedTmp(): string {
  const candidates = [tmpdir(), '/tmp', '/var/tmp'].filter((path) => !path.startsWith('/root'))
  const open = candidates.find((path) => {
    try {
      accessSync(path, constants.W_OK)
      return true
    } catch {
      return false
    }
  })
  if (!open) throw new Error('no temporary folder can be written: set TMPDIR to one that can')
  return open
}
