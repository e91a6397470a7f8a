/* The judge itself, on histories with planted violations: a judge that finds nothing proves nothing. */
import { describe, expect, test } from 'vitest'
import {
  type Act,
  type EndAct,
  type EndAllAct,
  type FeedPart,
  History,
  type RefreshAct,
  type StartAct,
  type UseAct,
  verdictOf,
} from './rig/history.ts'
import { expectSound, judge } from './rig/judge.ts'

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
    const lost = { status: 0, verdict: 'unknown' as const, first: false }
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

describe('the judge finds', () => {
  test('a dead token that was accepted', () => {
    expect(kindsOf([start('s', 0), end('s', 10), use('s', 20)])).toEqual(['dead-accepted'])
  })

  test('a session that was seen dead and came back', () => {
    const lost = { status: 0, verdict: 'unknown' as const, first: false }
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
