import { UuidReader } from './uuid.ts'

export interface DenylistOptions {
  /** Above this many entries `onCapacityMax` is called. Nothing is ever dropped for it. */
  readonly capacityMax?: number
  /** Called once each time the number of entries comes to `capacityMax`. */
  readonly onCapacityMax?: (size: number) => void
}

/** Words of a slot: the id's four, then the second until which it is kept (0: the slot is free). */
const slotWords = 5
const keepAt = 4
const slotsMin = 64
const keepMax = 0xffff_ffff
const loadMax = 0.8
const growth = 1.5
/** A table that is emptier than this after a sweep is built anew, smaller. */
const loadMin = 0.1

/**
 * The sessions known to have ended. Entries leave by expiry alone, never for want of space: a full
 * table grows. One flat table of 20 bytes a slot (open addressing, linear probing), so that a look-up
 * allocates nothing and usually touches one or two cache lines.
 */
export class Denylist {
  readonly #capacityMax: number
  readonly #onCapacityMax: (size: number) => void
  readonly #reader = new UuidReader()
  #slots = slotsMin
  #table = new Uint32Array(slotsMin * slotWords)
  #size = 0
  /** No entry is kept until before this second; lets most sweeps end at once. */
  #earliest = keepMax
  #alarmed = false

  constructor(options: DenylistOptions = {}) {
    this.#capacityMax = options.capacityMax ?? Number.POSITIVE_INFINITY
    this.#onCapacityMax = options.onCapacityMax ?? (() => undefined)
  }

  get size(): number {
    return this.#size
  }

  /** What the table occupies. */
  get bytes(): number {
    return this.#table.byteLength
  }

  /**
   * Denies a session until the given second of the feed's clock; of two, the later one stands.
   *
   * @throws TypeError when `sid` is not a UUID in lower case, or `keepUntilSeconds` not a number above 0
   */
  add(sid: string, keepUntilSeconds: number): void {
    if (!this.#reader.read(sid)) {
      throw new TypeError('not a session id: expected a UUID of 36 characters in lower case')
    }
    if (!(keepUntilSeconds > 0)) {
      throw new TypeError(`keepUntilSeconds must be a number above 0, not ${keepUntilSeconds}`)
    }
    const keepUntil = Math.min(Math.ceil(keepUntilSeconds), keepMax)
    if (this.#put(this.#reader.words, 0, keepUntil)) this.#grown()
    if (keepUntil < this.#earliest) this.#earliest = keepUntil
  }

  /** False also for whatever is not a UUID: no session of ours has such an id. */
  has(sid: string): boolean {
    // Most sessions live: their last word, which is random, is usually nowhere in its run, and then
    // the other 28 characters need not be read.
    const last = this.#reader.readLast(sid)
    if (last < 0 || !this.#runHolds(last)) return false
    const { words } = this.#reader
    return this.#reader.read(sid) && this.#table[this.#find(words, 0) + keepAt] !== 0
  }

  /** Lets go of all entries that are not kept beyond `nowSeconds`. Answers how many. */
  sweep(nowSeconds: number): number {
    if (nowSeconds < this.#earliest) return 0
    const before = this.#size
    this.#earliest = keepMax
    for (let slot = 0; slot < this.#slots; slot++) this.#sweepSlot(slot, nowSeconds)
    if (this.#slots > slotsMin && this.#size < this.#slots * loadMin) this.#rebuild(this.#size * 2)
    if (this.#size < this.#capacityMax) this.#alarmed = false
    return before - this.#size
  }

  /** Every entry, 20 bytes each: the id, then the second until which it is kept (big-endian). */
  export(): Uint8Array<ArrayBuffer> {
    const bytes = new DataView(new ArrayBuffer(this.#size * slotWords * 4))
    let to = 0
    for (let at = 0; at < this.#table.length; at += slotWords) {
      if (this.#table[at + keepAt] === 0) continue
      for (let word = 0; word < slotWords; word++) {
        bytes.setUint32(to, this.#table[at + word] ?? 0)
        to += 4
      }
    }
    return new Uint8Array(bytes.buffer)
  }

  /** Adds what `export` gave. @throws TypeError when it is cut off */
  import(exported: Uint8Array): void {
    if (exported.byteLength % (slotWords * 4) !== 0)
      throw new TypeError('a denylist that is cut off')
    const bytes = new DataView(exported.buffer, exported.byteOffset, exported.byteLength)
    const ids = new Uint32Array(4)
    for (let at = 0; at < exported.byteLength; at += slotWords * 4) {
      for (let word = 0; word < 4; word++) ids[word] = bytes.getUint32(at + word * 4)
      const keepUntil = bytes.getUint32(at + keepAt * 4)
      if (keepUntil === 0) continue
      if (this.#put(ids, 0, keepUntil)) this.#grown()
      if (keepUntil < this.#earliest) this.#earliest = keepUntil
    }
  }

  #sweepSlot(slot: number, nowSeconds: number): void {
    const table = this.#table
    for (;;) {
      const keepUntil = table[slot * slotWords + keepAt] ?? 0
      if (keepUntil === 0) return
      if (keepUntil > nowSeconds) {
        if (keepUntil < this.#earliest) this.#earliest = keepUntil
        return
      }
      // Closing the gap may bring another entry into this very slot.
      this.#removeAt(slot)
    }
  }

  /** Closes the gap by moving entries of the same run back, so that no tombstones are needed. */
  #removeAt(slot: number): void {
    const table = this.#table
    let hole = slot
    let next = this.#after(slot)
    while (table[next * slotWords + keepAt] !== 0) {
      const home = this.#home(table[next * slotWords + 3] ?? 0)
      // Distances are cyclic: the entry may move back only as far as its home.
      if (this.#distance(home, next) >= this.#distance(hole, next)) {
        table.copyWithin(hole * slotWords, next * slotWords, (next + 1) * slotWords)
        hole = next
      }
      next = this.#after(next)
    }
    table[hole * slotWords + keepAt] = 0
    this.#size -= 1
  }

  /** Copies an id in. True when it was not there before. */
  #put(ids: Uint32Array, from: number, keepUntil: number): boolean {
    const table = this.#table
    const at = this.#find(ids, from)
    const kept = table[at + keepAt] ?? 0
    if (keepUntil > kept) table[at + keepAt] = keepUntil
    if (kept !== 0) return false
    for (let word = 0; word < 4; word++) table[at + word] = ids[from + word] ?? 0
    this.#size += 1
    return true
  }

  /** Where the id stands in the table, or the free slot in which its run ends. */
  #find(ids: Uint32Array, from: number): number {
    const table = this.#table
    const end = this.#slots * slotWords
    const w0 = ids[from] ?? 0
    const w1 = ids[from + 1] ?? 0
    const w2 = ids[from + 2] ?? 0
    const w3 = ids[from + 3] ?? 0
    let at = this.#home(w3) * slotWords
    while (table[at + keepAt] !== 0) {
      if (
        table[at + 3] === w3 &&
        table[at + 2] === w2 &&
        table[at + 1] === w1 &&
        table[at] === w0
      ) {
        return at
      }
      at += slotWords
      if (at === end) at = 0
    }
    return at
  }

  #runHolds(last: number): boolean {
    const table = this.#table
    const end = this.#slots * slotWords
    let at = this.#home(last) * slotWords
    while (table[at + keepAt] !== 0) {
      if (table[at + 3] === last) return true
      at += slotWords
      if (at === end) at = 0
    }
    return false
  }

  /** By the last word of the id, mixed so that ids of a bad source spread too. */
  #home(last: number): number {
    let hash = Math.imul(last ^ (last >>> 16), 0x45d9_f3b)
    hash = Math.imul(hash ^ (hash >>> 16), 0x45d9_f3b)
    hash ^= hash >>> 16
    // Scaled instead of masked: the table need not be a power of two, so it can grow by half.
    return Math.floor(((hash >>> 0) / 0x1_0000_0000) * this.#slots)
  }

  #after(slot: number): number {
    return slot + 1 === this.#slots ? 0 : slot + 1
  }

  #distance(from: number, to: number): number {
    return to >= from ? to - from : to + this.#slots - from
  }

  #grown(): void {
    if (this.#size > this.#slots * loadMax) this.#rebuild(Math.ceil(this.#slots * growth))
    if (this.#size < this.#capacityMax || this.#alarmed) return
    this.#alarmed = true
    this.#onCapacityMax(this.#size)
  }

  #rebuild(slots: number): void {
    const old = this.#table
    this.#slots = Math.max(slots, slotsMin)
    this.#table = new Uint32Array(this.#slots * slotWords)
    this.#size = 0
    for (let at = 0; at < old.length; at += slotWords) {
      const keepUntil = old[at + keepAt] ?? 0
      if (keepUntil !== 0) this.#put(old, at, keepUntil)
    }
  }
}
