import { userRoute } from '../frame/route.ts'

/** Whoever did it or has it: a user leads to their page; a client, the shell and the system have none. */
export function Person({ uid }: { readonly uid: string | null }) {
  if (uid === null) return <span class="quiet">the system</span>
  if (uid === 'shell' || uid.startsWith('client:')) return <span>{uid}</span>
  return <a href={userRoute(uid)}>{uid}</a>
}
