import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The built console: one page, and what it loads. Undefined: there is no such file, or nothing is built. */
export interface ConsoleFiles {
  page(): Promise<Buffer | undefined>
  asset(name: string): Promise<ConsoleAsset | undefined>
}

export interface ConsoleAsset {
  readonly body: Buffer
  readonly type: string
}

/** What Vite writes: a name and a hash, in one folder. Nothing else is looked for, so no path leads out of it. */
const assetName = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,200}\.([a-z0-9]{2,11})$/

const types: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  ico: 'image/x-icon',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json',
  map: 'application/json',
  png: 'image/png',
  svg: 'image/svg+xml',
  webmanifest: 'application/manifest+json',
  webp: 'image/webp',
  woff2: 'font/woff2',
}

/** Read anew each time: the console may be built, and built again, while the server runs. */
export function openConsoleFiles(folder: string): ConsoleFiles {
  return {
    page: () => readIfThere(join(folder, 'index.html')),
    asset: async (name) => {
      const type = types[assetName.exec(name)?.[1] ?? '']
      if (type === undefined) return undefined
      const body = await readIfThere(join(folder, 'assets', name))
      return body === undefined ? undefined : { body, type }
    },
  }
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    // Anything else is a fault of this machine, and is told as one.
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return undefined
    throw error
  }
}
