/* The judge itself, on histories with planted violations: a judge that finds nothing proves nothing. */
import { describe, expect, test } from 'vitest'
import {
  type Act,
  type EndAct,
  type EndAllAct,
  type FeedPart,
  type Grant,
  History,
  type RefreshAct,
  type StartAct,
  type UseAct,
  verdictOf,
} from './rig/history.ts'
import { type Bounds, expectSound, judge } from './rig/judge.ts'

const timed = { at: 'a', status: 200, verdict: 'accepted' as const }
const base: Omit<StartAct, 'sid' | 'from' | 'till'> = {
  ...timed,
  kind: 'start',
  uid: 'u',
  device: 'app',
  policy: 'single',
  joined: false,
  tokens: undefined,
  fenceTill: undefined,
}

function start(sid: string, from: number, more: Partial<StartAct> = {}): StartAct {
  return { ...base, sid, from, till: from + 5, joined: false, ...more }
}

function use(sid: string, from: number, more: Partial<UseAct> = {}): UseAct {
  return { ...timed, kind: 'use', how: 'session', sid, from, till: from + 5, ...more }
}

function end(sid: string, from: number, more: Partial<EndAct> = {}): EndAct {
  return { ...timed, kind: 'end', how: 'logout', sid, from, till: from + 5, first: true, ...more }
}

function endAll(from: number, more: Partial<EndAllAct> = {}): EndAllAct {
  const rest = { uid: 'u', except: undefined, disables: false, revoked: 1 }
  return { ...timed, kind: 'end-all', how: 'revoke', ...rest, from, till: from + 5, ...more }
}

function refresh(sid: string, from: number, to: string, jti: string): RefreshAct {
  const successor = { refreshToken: to, jti, iat: 1, exp: 2 }
  const more = { sid, presented: 'r1', successor, reason: undefined }
  return { ...timed, kind: 'refresh', ...more, from, till: from + 5 }
}

function feed(...sids: string[]): FeedPart {
  const entries = sids.map((sid) => ({ sid, jti: null, exp: 2 }))
  return { cursor: `e.${sids.length}`, afterSeq: 0, headSeq: sids.length, entries }
}

function kindsOf(acts: readonly Act[], part?: FeedPart): readonly string[] {
  const history = new History()
  for (const act of acts) history.add(act)
  return [...new Set(judge(history, part).map(({ kind }) => kind))]
}

const ended = { status: 401, verdict: 'ended' as const }
const lost = { status: 0, verdict: 'unknown' as const, first: false }

const bounds: Bounds = { usualMs: 100, longestMs: 1000, recoveryMs: 50, silentGrantMs: 3000 }

/** The same with what else is known of the time. */
function kindsAmid(
  acts: readonly Act[],
  { troubles = [], grants = [] }: Partial<Pick<History, 'troubles' | 'grants'>> = {},
): readonly string[] {
  const history = new History()
  for (const act of acts) history.add(act)
  history.troubles.push(...troubles)
  history.grants.push(...grants)
  return [...new Set(judge(history, undefined, bounds).map(({ kind }) => kind))]
}

function remembered(sid: string, from: number, more: Partial<UseAct> = {}): UseAct {
  return use(sid, from, { how: 'cookie', at: 'b', fromMemory: true, ...more })
}

function grant(token: string, from: number, more: Partial<Grant> = {}): Grant {
  const subject = 'p'
  return { subject, token, from, till: from + 5, rotated: true, outcome: 'answered', ...more }
}

describe('an innocent history', () => {
  test('passes with its feed', () => {
    const acts = [start('s', 0), use('s', 10), end('s', 20), use('s', 30, ended)]
    expect(kindsOf(acts, feed('s'))).toEqual([])
  })

  test('may show a session alive while its end is under way, and dead before it is acknowledged', () => {
    const acts = [start('s', 0), end('s', 20, { till: 60 }), use('s', 25), use('s', 35, ended)]
    expect(kindsOf(acts, feed('s'))).toEqual([])
  })

  test('may have a session ended or not by a request that got no answer', () => {
    const acts = [
      start('s', 0),
      start('t', 0, { uid: 'v' }),
      end('s', 10, lost),
      end('t', 10, lost),
    ]
    expect(kindsOf([...acts, use('s', 50), use('t', 50, ended)], feed('t'))).toEqual([])
  })

  test('may supersede the one session of its class', () => {
    const acts = [start('s', 0), start('t', 10), use('s', 20, ended), use('t', 20)]
    expect(kindsOf(acts, feed('s'))).toEqual([])
  })
})

describe('what is answered from memory', () => {
  const acts = [start('s', 0), end('s', 10)]
  const cut = { what: 'cut', at: 'b', from: 12, till: 60, harmless: false }

  test('may be late by the usual bound, and by the longest one where something is broken', () => {
    expect(kindsAmid([...acts, remembered('s', 100)])).toEqual([])
    expect(kindsAmid([...acts, remembered('s', 400)])).toEqual(['dead-accepted'])
    expect(kindsAmid([...acts, remembered('s', 400)], { troubles: [cut] })).toEqual([])
    const elsewhere = { troubles: [{ ...cut, at: 'c' }] }
    expect(kindsAmid([...acts, remembered('s', 400)], elsewhere)).toEqual(['dead-accepted'])
    expect(kindsAmid([...acts, remembered('s', 1100)], { troubles: [cut] })).toEqual([
      'dead-accepted',
    ])
  })

  test('is dead at once where the end was acknowledged, and never again where it was refused', () => {
    expect(kindsAmid([...acts, remembered('s', 20, { at: 'a' })])).toEqual(['dead-accepted'])
    const refused = remembered('s', 20, ended)
    expect(kindsAmid([...acts, refused, remembered('s', 40)])).toEqual(['dead-accepted'])
    const elsewhere = remembered('s', 40, { at: 'c' })
    expect(kindsAmid([...acts, refused, elsewhere])).toEqual([])
  })

  test('of a verifier is as late as the replica that it follows', () => {
    const late = remembered('s', 400, { at: 'verifier', through: 'b' })
    expect(kindsAmid([...acts, late])).toEqual(['dead-accepted'])
    expect(kindsAmid([...acts, late], { troubles: [cut] })).toEqual([])
  })

  test('takes no cookie away from a session that nobody has ended', () => {
    const away = { verdict: 'unknown' as const, status: 503, cleared: true }
    expect(kindsAmid([start('s', 0), remembered('s', 20, away)])).toEqual(['cookie-cleared'])
    expect(kindsAmid([...acts, remembered('s', 20, { ...ended, cleared: true })])).toEqual([])
  })
})

describe('a refresh that was late', () => {
  const first = refresh('s', 10, 'r2', 'j')
  const used = { ...refresh('s', 20, 'r3', 'k'), presented: 'r2' }
  const reused = { ...used, from: 60, till: 65, ...ended, successor: undefined }
  const told = { ...reused, presented: 'r3', reason: 'refresh_reuse' }

  test('may be carried out after its successor was used: then nobody can tell it from theft', () => {
    const unanswered = { ...first, from: 8, ...lost, successor: undefined }
    expect(kindsOf([start('s', 0), unanswered, first, used, told])).toEqual([])
  })

  test('is no excuse where each was answered before the next one began', () => {
    expect(kindsOf([start('s', 0), first, used, told])).toEqual(['lost-start'])
  })
})

describe('what the provider saw', () => {
  const signedIn = start('s', 0, { subject: 'p', uid: 'main:p' })
  const gone = remembered('s', 400, { status: 401, verdict: 'refused' })

  test('is one grant for one token, and another one after a fault or when the lease has run out', () => {
    expect(kindsAmid([], { grants: [grant('r', 0), grant('r2', 10)] })).toEqual([])
    expect(kindsAmid([], { grants: [grant('r', 0), grant('r', 10)] })).toEqual(['two-grants'])
    expect(kindsAmid([], { grants: [grant('r', 0), grant('r', 3100)] })).toEqual([])
    const fault = grant('r', 0, { outcome: 'fault', rotated: false })
    expect(kindsAmid([], { grants: [fault, grant('r', 10)] })).toEqual([])
    expect(kindsAmid([], { grants: [fault, grant('r', 2)] })).toEqual(['two-grants'])
  })

  test('excuses a lost sign-in only where a rotation may have been lost', () => {
    expect(kindsAmid([signedIn, gone], { grants: [grant('r', 50)] })).toEqual(['lost-start'])
    const unheard = { grants: [grant('r', 50, { outcome: 'lost' })] }
    expect(kindsAmid([signedIn, gone], unheard)).toEqual([])
    const killed = { what: 'kill', at: 'a', from: 60, till: 90, harmless: false }
    expect(kindsAmid([signedIn, gone], { grants: [grant('r', 50)], troubles: [killed] })).toEqual(
      [],
    )
    const flushed = { ...killed, harmless: true }
    expect(kindsAmid([signedIn, gone], { grants: [grant('r', 50)], troubles: [flushed] })).toEqual([
      'lost-start',
    ])
  })
})

describe('the judge finds', () => {
  test('a token that nobody was given and that was taken', () => {
    const forged = { ...timed, kind: 'forgery' as const, how: 'bearer', from: 5, till: 9 }
    expect(kindsOf([forged])).toEqual(['forgery-accepted'])
    expect(kindsOf([{ ...forged, status: 401, verdict: 'refused' }])).toEqual([])
  })

  test('a reader of the feed that was told to begin again, for nothing', () => {
    const part = { ...feed('s'), resets: 1, reader: 'r' }
    expect(kindsOf([start('s', 0), end('s', 10)], part)).toEqual(['feed-reset'])
  })

  test('a dead token that was accepted', () => {
    expect(kindsOf([start('s', 0), end('s', 10), use('s', 20)])).toEqual(['dead-accepted'])
  })

  test('a session that was seen dead and came back', () => {
    const acts = [start('s', 0), end('s', 10, lost), use('s', 20, ended), use('s', 30)]
    expect(kindsOf(acts)).toEqual(['dead-accepted'])
  })

  test('a refresh of a dead session', () => {
    const acts = [start('s', 0), end('s', 10), refresh('s', 20, 'r2', 'j')]
    expect(kindsOf(acts)).toEqual(['dead-accepted'])
  })

  test('a sign-in that joined a dead session', () => {
    const shared = { policy: 'shared' as const, device: 'pc' }
    const acts = [start('s', 0, shared), end('s', 10), start('s', 20, { ...shared, joined: true })]
    expect(kindsOf(acts)).toEqual(['dead-accepted'])
  })

  test('a dead session in the list of live ones', () => {
    const census = { ...timed, kind: 'census' as const, uid: 'u', from: 30, till: 35 }
    const acts = [start('s', 0), end('s', 10), { ...census, live: [{ sid: 's', device: 'app' }] }]
    expect(kindsOf(acts)).toEqual(['dead-accepted'])
  })

  test('a session that outlived the end of all sessions of its user', () => {
    const acts = [start('s', 0), endAll(10), use('s', 20)]
    expect(kindsOf(acts)).toEqual(['dead-accepted'])
  })

  test('a sign-in in flight with a fence from before the end of all sessions', () => {
    const acts = [start('s', 12, { fenceTill: 5, till: 40 }), endAll(10), use('s', 50)]
    expect(kindsOf(acts)).toEqual(['dead-accepted'])
  })

  test('a sign-in that was acknowledged and does not work', () => {
    expect(kindsOf([start('s', 0), use('s', 20, ended)])).toEqual(['lost-start'])
    const unlisted = { ...timed, kind: 'census' as const, uid: 'v', from: 30, till: 35, live: [] }
    const web = { uid: 'v', device: 'web', policy: 'multiple' as const }
    expect(kindsOf([start('s', 0, web), unlisted])).toEqual(['lost-start'])
  })

  test('a session of a user that died by an end that was over before it began', () => {
    expect(kindsOf([endAll(0), start('s', 10), use('s', 20, ended)])).toEqual(['lost-start'])
  })

  test('two live sessions where one alone may live, and none where one must', () => {
    const census = { ...timed, kind: 'census' as const, uid: 'u', from: 30, till: 35 }
    const live = [
      { sid: 's', device: 'app' },
      { sid: 't', device: 'app' },
    ]
    const acts = [start('s', 0), start('t', 2)]
    expect(kindsOf([...acts, { ...census, live }])).toEqual(['single-class'])
    expect(kindsOf([...acts, { ...census, live: [] }])).toEqual(['single-class'])
  })

  test('two successors of one refresh token, or one with two access tokens', () => {
    const acts = [start('s', 0), refresh('s', 10, 'r2', 'j')]
    expect(kindsOf([...acts, refresh('s', 12, 'r2', 'j')])).toEqual([])
    expect(kindsOf([...acts, refresh('s', 12, 'r2x', 'j')])).toEqual(['two-successors'])
    expect(kindsOf([...acts, refresh('s', 12, 'r2', 'k')])).toEqual(['two-successors'])
  })

  test('an honest client that was taken for a thief', () => {
    const act = refresh('s', 10, '', '')
    const reuse = { ...act, ...ended, successor: undefined, reason: 'refresh_reuse' }
    expect(kindsOf([start('s', 0), end('s', 5, { till: 30 }), reuse])).toEqual([
      'reuse-unjustified',
    ])
  })

  test('two requests that both say that they ended a session', () => {
    expect(kindsOf([start('s', 0), end('s', 10), end('s', 11)])).toEqual(['two-first-ends'])
  })

  test('a sign-in of a disabled user', () => {
    const acts = [endAll(0, { disables: true }), start('s', 10)]
    expect(kindsOf(acts)).toEqual(['started-while-disabled'])
    const enable = { ...timed, kind: 'enable' as const, uid: 'u', from: 6, till: 8 }
    expect(kindsOf([...acts, enable])).toEqual([])
  })

  test('an end that the feed lost, tells twice, or invented, and a gap in its numbers', () => {
    const acts = [start('s', 0), start('t', 0, { uid: 'v' }), end('s', 10)]
    expect(kindsOf(acts, feed())).toEqual(['feed-lost'])
    expect(kindsOf(acts, feed('s', 's'))).toEqual(['feed-twice'])
    expect(kindsOf(acts, feed('s', 't'))).toEqual(['feed-spurious'])
    expect(kindsOf(acts, feed('s', 'x'))).toEqual(['feed-spurious'])
    expect(kindsOf(acts, { ...feed('s'), headSeq: 2 })).toEqual(['feed-gap'])
  })

  test('an entry of the feed that ends before a token of its session, or names one that was replaced', () => {
    const token = { refreshToken: 'r1', jti: 'i', iat: 0, exp: 1 }
    const acts = [start('s', 0, { tokens: token }), refresh('s', 10, 'r2', 'j'), end('s', 20)]
    const part = (jti: string, exp: number) => ({ ...feed('s'), entries: [{ sid: 's', jti, exp }] })
    expect(kindsOf(acts, part('j', 2))).toEqual([])
    expect(kindsOf(acts, part('j', 1))).toEqual(['feed-short'])
    expect(kindsOf(acts, part('i', 2))).toEqual(['feed-old-token'])
  })

  test('an answer that no request may get', () => {
    expect(verdictOf(500, {})).toBe('odd')
    const odd = use('s', 10, { status: 500, verdict: 'odd' })
    expect(kindsOf([start('s', 0), odd])).toEqual(['odd-answer'])
  })

  test('and says what happened, with the seed of the run', () => {
    const history = new History()
    for (const act of [start('s', 0), end('s', 10), use('s', 20)]) history.add(act)
    expect(() => expectSound(history)).toThrow(
      /1 violations in 3 acts, seed \d+\ndead-accepted: .+\n/,
    )
  })
})
