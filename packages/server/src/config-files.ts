import { readFileSync } from 'node:fs'

/** The texts of the files that a configuration was made of, by path; `base64:` stands before those of bytes. */
export type Files = Readonly<Record<string, string>>

export type ReadFile = (path: string, as?: 'utf8' | 'base64') => string

export function fromDisk(path: string, as: 'utf8' | 'base64' = 'utf8'): string {
  return readFileSync(path, as)
}

/** Reads with `read` and keeps what it got, so that others can be given the very same. */
export function recorder(read: ReadFile): { readonly read: ReadFile; readonly files: () => Files } {
  const texts = new Map<string, string>()
  return {
    read: (path, as = 'utf8') => {
      const text = read(path, as)
      texts.set(keyOf(path, as), text)
      return text
    },
    files: () => Object.fromEntries(texts),
  }
}

/** Reads what was recorded; any other file is not there. */
export function player(files: Files): ReadFile {
  return (path, as = 'utf8') => {
    const text = files[keyOf(path, as)]
    if (text === undefined)
      throw Object.assign(new Error(`${path} was not read`), { code: 'ENOENT' })
    return text
  }
}

function keyOf(path: string, as: 'utf8' | 'base64'): string {
  return as === 'utf8' ? path : `base64:${path}`
}
