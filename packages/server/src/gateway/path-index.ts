import { type Step, stepMatches } from './path-pattern.ts'

/** A value with its place in the list of rules; the lowest place that matches and is wanted wins. */
interface Placed {
  readonly place: number
}

interface Tail<T extends Placed> {
  readonly value: T
  /** The steps from the first `**` on. */
  readonly steps: readonly Step[]
}

class Node<T extends Placed> {
  readonly literal = new Map<string, Node<T>>()
  /** `*` and segments with a star inside. */
  readonly others: { readonly step: Exclude<Step, { kind: 'any' }>; readonly node: Node<T> }[] = []
  readonly ends: T[] = []
  readonly tails: Tail<T>[] = []
}

/**
 * Patterns as a tree of segments, so that a thousand rules of one host cost as much as the depth of the
 * path and the rules that really lie on it.
 */
export class PathIndex<T extends Placed> {
  readonly #root = new Node<T>()
  #empty = true

  /** Nothing to look for: most hosts have rules without paths alone. */
  get empty(): boolean {
    return this.#empty
  }

  add(steps: readonly Step[], value: T): void {
    this.#empty = false
    let node = this.#root
    for (const [index, step] of steps.entries()) {
      if (step.kind === 'any') {
        node.tails.push({ value, steps: steps.slice(index) })
        return
      }
      node = childFor(node, step)
    }
    node.ends.push(value)
  }

  /** The lowest place below `limit` whose pattern matches and that `wanted` takes. */
  first(segments: readonly string[], limit: number, wanted: (value: T) => boolean): T | undefined {
    const search = { segments, wanted, limit, best: undefined as T | undefined }
    walk(this.#root, 0, search)
    return search.best
  }
}

interface Search<T extends Placed> {
  readonly segments: readonly string[]
  readonly wanted: (value: T) => boolean
  limit: number
  best: T | undefined
}

function walk<T extends Placed>(node: Node<T>, depth: number, search: Search<T>): void {
  for (const { value, steps } of node.tails) {
    if (value.place < search.limit && tailMatches(steps, search.segments, depth))
      offer(value, search)
  }
  const segment = search.segments[depth]
  if (segment === undefined) {
    for (const value of node.ends) offer(value, search)
    return
  }
  const literal = node.literal.get(segment)
  if (literal !== undefined) walk(literal, depth + 1, search)
  for (const { step, node: next } of node.others) {
    if (stepMatches(step, segment)) walk(next, depth + 1, search)
  }
}

function offer<T extends Placed>(value: T, search: Search<T>): void {
  if (value.place >= search.limit || !search.wanted(value)) return
  search.best = value
  search.limit = value.place
}

function childFor<T extends Placed>(node: Node<T>, step: Exclude<Step, { kind: 'any' }>): Node<T> {
  if (step.kind === 'literal') {
    const known = node.literal.get(step.text)
    if (known !== undefined) return known
    const made = new Node<T>()
    node.literal.set(step.text, made)
    return made
  }
  const known = node.others.find((other) => sameStep(other.step, step))
  if (known !== undefined) return known.node
  const made = new Node<T>()
  node.others.push({ step, node: made })
  return made
}

function sameStep(a: Step, b: Step): boolean {
  if (a.kind === 'like' && b.kind === 'like') return a.parts.join('*') === b.parts.join('*')
  return a.kind === b.kind && a.kind === 'one'
}

/**
 * The steps from a `**` on, against the segments from `depth` on. `**` is any number of segments, but a
 * last one is below its path: `/a/**` is not `/a`. The set of places that may be reached
 * moves one step at a time, so many `**` in one pattern cost no more than steps times segments.
 */
function tailMatches(steps: readonly Step[], segments: readonly string[], depth: number): boolean {
  let reached: ReadonlySet<number> = new Set([depth])
  for (const [index, step] of steps.entries()) {
    if (step.kind === 'any' && index === steps.length - 1) {
      return Math.min(...reached) < segments.length
    }
    reached = step.kind === 'any' ? allFrom(reached, segments) : advance(step, reached, segments)
    if (reached.size === 0) return false
  }
  return reached.has(segments.length)
}

function allFrom(reached: ReadonlySet<number>, segments: readonly string[]): ReadonlySet<number> {
  const next = new Set<number>()
  for (let at = Math.min(...reached); at <= segments.length; at++) next.add(at)
  return next
}

function advance(
  step: Exclude<Step, { kind: 'any' }>,
  reached: ReadonlySet<number>,
  segments: readonly string[],
): ReadonlySet<number> {
  const next = new Set<number>()
  for (const at of reached) {
    const segment = segments[at]
    if (segment !== undefined && stepMatches(step, segment)) next.add(at + 1)
  }
  return next
}
