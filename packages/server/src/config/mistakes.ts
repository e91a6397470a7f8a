/** One thing that is wrong with the configuration: where, what, and what to do about it. */
export interface Mistake {
  /** `clients[2].secret`; empty when the file as a whole is meant. */
  readonly path: string
  readonly problem: string
  readonly fix: string
  /** The line in the file, counted from 1, when it is known. */
  readonly line: number | null
}

export type Path = readonly (string | number)[]

const plainKey = /^[A-Za-z_][A-Za-z0-9_-]*$/

export function formatPath(path: Path): string {
  return path.map(formatStep).join('').replace(/^\./, '')
}

function formatStep(step: string | number): string {
  if (typeof step === 'number') return `[${step}]`
  return plainKey.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`
}

/** `curfew.yaml:12: clients[2].secret: it is missing. Add …` for a terminal. */
export function formatMistake(mistake: Mistake, source: string): string {
  const where = mistake.line === null ? source : `${source}:${mistake.line}`
  const subject = mistake.path === '' ? '' : ` ${mistake.path}:`
  return `${where}:${subject} ${mistake.problem}. ${mistake.fix}`
}

export interface Reporter {
  add(path: Path, problem: string, fix: string): void
  /** Several faults of one object (its unknown keys) stand side by side. */
  addBeside(path: Path, problem: string, fix: string): void
}

/** Collects mistakes. What lies in or around a place that is already wrong is not reported again. */
export class Findings implements Reporter {
  readonly #found: { readonly path: Path; readonly problem: string; readonly fix: string }[] = []

  add(path: Path, problem: string, fix: string): void {
    const known = ({ path: other }: { readonly path: Path }) =>
      covers(other, path) || covers(path, other)
    if (this.#found.some(known)) return
    this.#found.push({ path, problem, fix })
  }

  addBeside(path: Path, problem: string, fix: string): void {
    this.#found.push({ path, problem, fix })
  }

  list(lineOf: (path: Path) => number | null): readonly Mistake[] {
    return this.#found.map(({ path, problem, fix }) => ({
      path: formatPath(path),
      problem,
      fix,
      line: lineOf(path),
    }))
  }
}

function covers(outer: Path, inner: Path): boolean {
  return outer.every((step, index) => step === inner[index])
}

/** The known name that the unknown one was probably meant to be. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const scored = known
    .map((candidate) => ({ candidate, distance: editDistance(fold(name), fold(candidate)) }))
    .sort((a, b) => a.distance - b.distance)
  const best = scored[0]
  const allowed = Math.max(1, Math.floor(name.length / 3))
  return best !== undefined && best.distance <= allowed ? best.candidate : undefined
}

function fold(name: string): string {
  return name.toLowerCase().replace(/[_-]/g, '')
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
