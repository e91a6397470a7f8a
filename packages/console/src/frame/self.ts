/* Who looks at the console, and the numbers that the frame shows beside every view. */
import { signal } from '@preact/signals'
import { type Answer, get, post, signedOut } from '../api/client.ts'
import type { Problem } from '../api/problem.ts'
import type { Followers, Overview, Page, SessionItem } from '../api/shapes.ts'
import { setServerTime } from '../clock.ts'

export const self = signal<SessionItem | null>(null)
export const selfProblem = signal<Problem | null>(null)
export const overview = signal<Overview | null>(null)
export const followers = signal<Followers | null>(null)

export async function loadSelf(): Promise<void> {
  const answer = await get<Page<SessionItem>>('sessions', { limit: 200 })
  selfProblem.value = answer.kind === 'failed' ? answer.problem : null
  if (answer.kind === 'ok') self.value = answer.value.items.find((one) => one.current) ?? null
}

export async function loadOverview(): Promise<Answer<Overview>> {
  const answer = await get<Overview>('admin/overview')
  if (answer.kind === 'ok') {
    setServerTime(answer.value.now)
    overview.value = answer.value
  }
  return answer
}

export async function loadFollowers(): Promise<Answer<Followers>> {
  const answer = await get<Followers>('admin/followers')
  if (answer.kind === 'ok') followers.value = answer.value
  return answer
}

export async function signOut(): Promise<void> {
  const answer = await post<unknown>('logout')
  if (answer.kind === 'failed' && answer.problem.kind !== 'signed-out') return
  signedOut.value = {
    ...{ kind: 'signed-out', reason: 'user_logout', at: null },
    ...{ title: 'You are signed out', detail: '', reference: null },
  }
}
