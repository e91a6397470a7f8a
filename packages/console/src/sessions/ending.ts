/* The ways of ending, as wishes for the dialog: what it says, what it asks of the API. */
import { type Answer, post } from '../api/client.ts'
import type { SessionItem } from '../api/shapes.ts'
import { say } from '../parts/toasts.tsx'
import type { EndWish } from './end-dialog.tsx'
import { deviceWords } from './session-row.tsx'

export function endOne(item: SessionItem, ownSid: string | undefined): EndWish {
  return {
    title: 'End this session?',
    meaning: `${item.uid} is signed out on ${deviceWords(item)} at once. Every token of this session dies with it, everywhere.`,
    ownToo: item.sid === ownSid,
    deed: 'End session',
    act: (reason) => post(`sessions/${item.sid}/revoke`, { reason }),
    onDone: () => say(`Ended the session of ${item.uid}.`),
  }
}

export function endSelected(items: readonly SessionItem[], ownSid: string | undefined): EndWish {
  const many = items.length === 1 ? '1 session' : `${items.length} sessions`
  return {
    title: `End ${many}?`,
    meaning: 'The selected devices are signed out at once. Other devices stay signed in.',
    ownToo: items.some((one) => one.sid === ownSid),
    deed: `End ${many}`,
    act: (reason) => endEach(items, reason),
    onDone: () => say(`Ended ${many}.`),
  }
}

export function endAllBut(item: SessionItem, own: SessionItem | null): EndWish {
  return {
    title: 'End all but this session?',
    meaning: `${item.uid} stays signed in on ${deviceWords(item)} alone; every other device is signed out at once.`,
    ownToo: own !== null && own.uid === item.uid && own.sid !== item.sid,
    deed: 'End all others',
    act: (reason) => post(userPath(item.uid, 'revoke'), { reason, except: item.sid }),
    onDone: () => say(`Ended the other sessions of ${item.uid}.`),
  }
}

export function endAll(uid: string, ownUid: string | undefined): EndWish {
  return {
    title: 'End all sessions of this user?',
    meaning: `${uid} is signed out on every device at once, and sign-ins that have begun do not finish. They may sign in again.`,
    ownToo: uid === ownUid,
    deed: 'End all sessions',
    act: (reason) => post(userPath(uid, 'revoke'), { reason }),
    onDone: () => say(`Ended all sessions of ${uid}.`),
  }
}

export function userPath(uid: string, deed: string): string {
  return `users/${encodeURIComponent(uid)}/${deed}`
}

/** One request each. It stops at the first that fails, and what has ended by then stays ended. */
async function endEach(items: readonly SessionItem[], reason: string): Promise<Answer<unknown>> {
  let answer: Answer<unknown> = { kind: 'ok', value: null }
  for (const item of [...items].sort(ownLast)) {
    answer = await post(`sessions/${item.sid}/revoke`, { reason })
    if (answer.kind === 'failed') return answer
  }
  return answer
}

// Once our own session has ended, nothing more is allowed.
function ownLast(one: SessionItem, other: SessionItem): number {
  return Number(one.current) - Number(other.current)
}
