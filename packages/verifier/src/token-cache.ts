/** What is remembered of a token. */
export interface Remembered {
  readonly token: string
}

/**
 * Tokens that were seen lately, in two generations: what is asked for moves to the young one, and when
 * that is full the old one goes. So a look-up is one `Map.get`, seldom two, and nothing is sorted.
 *
 * The key is the signature alone, as hashing all of a freshly received token costs more than comparing
 * it; the whole token is compared, so that two tokens with one signature are never confused.
 */
export class TokenCache<Entry extends Remembered> {
  readonly #generationMax: number
  #young = new Map<string, Entry>()
  #old = new Map<string, Entry>()

  constructor(max: number) {
    this.#generationMax = Math.max(1, Math.ceil(max / 2))
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  get(token: string): Entry | undefined {
    const key = signaturePart(token)
    const young = this.#young.get(key)
    if (young !== undefined) return young.token === token ? young : undefined
    const old = this.#old.get(key)
    if (old === undefined || old.token !== token) return undefined
    this.#old.delete(key)
    this.#put(key, old)
    return old
  }

  set(entry: Entry): void {
    const key = signaturePart(entry.token)
    this.#old.delete(key)
    this.#put(key, entry)
  }

  clear(): void {
    this.#young.clear()
    this.#old.clear()
  }

  #put(key: string, entry: Entry): void {
    if (this.#young.size >= this.#generationMax && !this.#young.has(key)) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, entry)
  }
}

function signaturePart(token: string): string {
  return token.slice(token.lastIndexOf('.') + 1)
}
