/*
 * The raw header list of a sub-request, read in one pass: what Node joins or hides in `headers` would be
 * lost (rule 26). This runs on every request, so most headers are passed over by the length of their name.
 */

/** What navigations and preflights are told by. One that repeats is joined (RFC 9110, section 5.3). */
export interface RequestFacts {
  readonly secFetchMode: string | null
  readonly secFetchDest: string | null
  readonly accept: string | null
  readonly acceptLanguage: string | null
  readonly xRequestedWith: string | null
  readonly upgrade: string | null
  readonly originHeader: string | null
  readonly corsMethod: string | null
}

export interface FoundHeaders {
  /** Of the wanted headers, in their order; undefined when one of them is not there exactly once. */
  readonly values: readonly string[] | undefined
  readonly authorization: readonly string[]
  readonly cookie: readonly string[]
}

interface Candidate {
  /** In lower case. */
  readonly name: string
  readonly firstLetter: number
  /** Its place among the wanted ones; the two kinds of credentials come after them. */
  readonly slot: number
}

const nothing: readonly string[] = []

/** Looks for the headers of one dialect, and for credentials. */
export class HeaderScan {
  readonly #wanted: number
  readonly #byLength: readonly (readonly Candidate[] | undefined)[]

  /** @param wanted names in lower case */
  constructor(wanted: readonly string[]) {
    this.#wanted = wanted.length
    this.#byLength = byLength([...wanted, 'cookie', 'authorization'])
  }

  read(rawHeaders: readonly string[]): FoundHeaders {
    const values: (string | undefined)[] = []
    let count = 0
    let cookie = nothing
    let authorization = nothing
    for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
      const slot = this.#slotOf(rawHeaders[index] ?? '')
      if (slot === undefined) continue
      const value = rawHeaders[index + 1] ?? ''
      if (slot === this.#wanted) cookie = [...cookie, value]
      else if (slot > this.#wanted) authorization = [...authorization, value]
      else {
        count += 1
        values[slot] = value
      }
    }
    return { values: this.#eachOnce(values, count), authorization, cookie }
  }

  #slotOf(name: string): number | undefined {
    const candidates = this.#byLength[name.length]
    if (candidates === undefined) return undefined
    // Both cases of a letter differ in this bit alone.
    const first = name.charCodeAt(0) | 0x20
    for (const { firstLetter, name: wanted, slot } of candidates) {
      if (firstLetter === first && name.toLowerCase() === wanted) return slot
    }
    return undefined
  }

  #eachOnce(values: readonly (string | undefined)[], count: number): string[] | undefined {
    if (count !== this.#wanted) return undefined
    const found: string[] = []
    for (let slot = 0; slot < count; slot++) {
      const value = values[slot]
      if (value === undefined) return undefined
      found.push(value)
    }
    return found
  }
}

function byLength(names: readonly string[]): readonly (readonly Candidate[] | undefined)[] {
  const found: Candidate[][] = []
  for (const [slot, name] of names.entries()) {
    const candidate = { name, firstLetter: name.charCodeAt(0), slot }
    found[name.length] = [...(found[name.length] ?? []), candidate]
  }
  return found
}

/** How often each of the names is there, whatever its case. */
export function countHeaders(
  rawHeaders: readonly string[],
  names: readonly string[],
): readonly number[] {
  const sent = rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase())
  return names.map((name) => sent.filter((one) => one === name).length)
}

type Facts = { -readonly [K in keyof RequestFacts]: RequestFacts[K] }

const factNames: ReadonlyMap<string, keyof RequestFacts> = new Map([
  ['sec-fetch-mode', 'secFetchMode'],
  ['sec-fetch-dest', 'secFetchDest'],
  ['accept', 'accept'],
  ['accept-language', 'acceptLanguage'],
  ['x-requested-with', 'xRequestedWith'],
  ['upgrade', 'upgrade'],
  ['origin', 'originHeader'],
  ['access-control-request-method', 'corsMethod'],
])

export function readFacts(rawHeaders: readonly string[]): RequestFacts {
  const facts: Facts = {
    ...{
      secFetchMode: null,
      secFetchDest: null,
      accept: null,
      acceptLanguage: null,
      xRequestedWith: null,
    },
    ...{ upgrade: null, originHeader: null, corsMethod: null },
  }
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const fact = factNames.get((rawHeaders[index] ?? '').toLowerCase())
    if (fact === undefined) continue
    const before = facts[fact]
    const value = rawHeaders[index + 1] ?? ''
    facts[fact] = before === null ? value : `${before}, ${value}`
  }
  return facts
}

export function readProofs(rawHeaders: readonly string[]): readonly string[] {
  return rawHeaders.filter(
    (_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'dpop',
  )
}
