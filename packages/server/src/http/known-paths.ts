interface KnownPath {
  readonly shape: RegExp
  readonly methods: Set<string>
}

/** Which methods a path has, so that a known path with another method is 405 with Allow, not 404. */
export class KnownPaths {
  readonly #paths = new Map<string, KnownPath>()

  add(pattern: string, methods: string | readonly string[]): void {
    if (pattern.includes('*')) return
    const known = this.#paths.get(pattern) ?? { shape: shapeOf(pattern), methods: new Set() }
    for (const method of typeof methods === 'string' ? [methods] : methods)
      known.methods.add(method)
    this.#paths.set(pattern, known)
  }

  methodsOf(url: string): readonly string[] {
    const path = url.split('?', 1)[0] ?? ''
    const fitting = [...this.#paths.values()].filter(({ shape }) => shape.test(path))
    return [...new Set(fitting.flatMap(({ methods }) => [...methods]))].toSorted()
  }
}

function shapeOf(pattern: string): RegExp {
  const parts = pattern.split('/').map((part) => (part.startsWith(':') ? '[^/]+' : escaped(part)))
  return new RegExp(`^${parts.join('/')}$`)
}

function escaped(part: string): string {
  return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
