import { readFileSync } from 'node:fs'

/** The texts of the files that a configuration was made of, by path. */
export type Files = Readonly<Record<string, string>>

export type ReadFile = (path: string) => string

export function fromDisk(path: string): string {
  return readFileSync(path, 'utf8')
}

/** Reads with `read` and keeps what it got, so that others can be given the very same. */
export function recorder(read: ReadFile): { readonly read: ReadFile; readonly files: () => Files } {
  const texts = new Map<string, string>()
  return {
    read: (path) => {
      const text = read(path)
      texts.set(path, text)
      return text
    },
    files: () => Object.fromEntries(texts),
  }
}

/** Reads what was recorded; any other file is not there. */
export function player(files: Files): ReadFile {
  return (path) => {
    const text = files[path]
    if (text === undefined)
      throw Object.assign(new Error(`${path} was not read`), { code: 'ENOENT' })
    return text
  }
}
