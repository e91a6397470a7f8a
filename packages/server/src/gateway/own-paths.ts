/** What the gateway answers itself on the applications' hosts, below `gateway.prefix`. */
export type OwnStep =
  /** A hand-off of the session to this host (rule 28). */
  | { readonly kind: 'session'; readonly ticket: string }
  | { readonly kind: 'signout' }
  | { readonly kind: 'unknown' }

/** `undefined`: the path is the application's. */
export function ownStep(prefix: string, path: string, query: string): OwnStep | undefined {
  if (path !== prefix && !path.startsWith(`${prefix}/`)) return undefined
  const step = path.slice(prefix.length)
  if (step === '/signout') return { kind: 'signout' }
  if (step !== '/session') return { kind: 'unknown' }
  const tickets = new URLSearchParams(query).getAll('ticket')
  const [ticket] = tickets
  return tickets.length === 1 && ticket ? { kind: 'session', ticket } : { kind: 'unknown' }
}
