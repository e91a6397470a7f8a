import type { Described } from '../original-request.ts'

export const forwardedSources: readonly string[] = [
  'x-forwarded-method',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-uri',
]

/** A list such as `a.example, b.example` in one of them is no host and no path, and so refused later. */
export function readForwarded(values: readonly string[]): Described {
  const [method = '', scheme = '', host = '', target = ''] = values
  return { method, scheme, host, target }
}
