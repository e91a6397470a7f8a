import type { CanonicalHost } from './canonical.ts'

/**
 * The patterns of hosts: exact, or `*.` for one or more labels. A pattern with a port is for that port,
 * one without is for any. Every label boundary is a dot, so `evilexample.com` is not under `example.com`
 * (attack class C2).
 */
export function hostPatterns({ name, port }: CanonicalHost): readonly string[] {
  const names = [name, ...wildcards(name)]
  return port === null ? names : names.flatMap((one) => [one, `${one}:${port}`])
}

function wildcards(name: string): string[] {
  // An address has no labels above it.
  if (name.startsWith('[') || /^[0-9.]+$/.test(name)) return []
  const labels = name.split('.')
  return labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join('.')}`)
}

/** Whether any of the patterns is for this host. */
export class HostSet {
  readonly #patterns: ReadonlySet<string>

  constructor(patterns: Iterable<string>) {
    this.#patterns = new Set([...patterns].map((pattern) => pattern.toLowerCase()))
  }

  has(host: CanonicalHost): boolean {
    return hostPatterns(host).some((pattern) => this.#patterns.has(pattern))
  }
}
