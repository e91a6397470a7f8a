import { describe, expect, test } from 'vitest'
import { type End, epochSeconds, instant, reason } from '#domain'
import {
  type Asked,
  conditions,
  navigation,
  now,
  original,
  otherSid,
  rule,
  settings,
  sid,
  subject,
} from '#test/gateway/requests.ts'
import { combine, type Presentation, readCredentials, type Shown } from './credential.ts'
import { decideEarly, decideShown, type Verdict } from './decide.ts'
import { RuleBook } from './rules.ts'
import type { RuleSettings } from './settings.ts'

const options = { publicUrl: 'https://auth.example.com', prefix: '/.curfew' }
const end: End = {
  at: instant(now - 5000),
  reason: reason('adminRevoke'),
  by: null,
  seq: 7,
}

function live(parts: Partial<Extract<Presentation, { kind: 'live' }>> = {}): Presentation {
  return {
    ...{ kind: 'live', via: 'cookie', subject: subject(), identity: 'good', version: 1 },
    goodUntil: now + 30_000,
    ...parts,
  }
}

interface Case {
  readonly rules?: readonly RuleSettings[]
  readonly asked?: Partial<Asked>
  readonly headers?: readonly string[]
  readonly shown?: Shown | Presentation
}

function decide({ rules = [rule()], asked = {}, headers = navigation, shown }: Case): Verdict {
  const request = original(asked, headers)
  const match = new RuleBook(settings({ rules })).match(request)
  const early = decideEarly(request, match, options)
  if (early !== undefined) return early
  if (match.kind !== 'rule') throw new Error('a match that is no rule is decided early')
  return decideShown(request, match.rule, shown ?? { kind: 'none' }, { ...options, now })
}

describe('a person opens a page', () => {
  test('scenarios L01, C01: without session they are led to sign in, and back to exactly where they were', () => {
    expect(decide({ asked: { target: '/a%20b?x=1&y=%2F' } })).toEqual({
      kind: 'sign-in',
      location:
        'https://auth.example.com/login?return_to=https%3A%2F%2Fapp.example.com%2Fa%2520b%3Fx%3D1%26y%3D%252F',
    })
  })

  test('the provider that the rule names is asked', () => {
    const verdict = decide({ rules: [rule({ idp: 'staff' })] })
    expect(verdict).toMatchObject({ location: expect.stringMatching(/&idp=staff$/) })
  })

  test('a way back that is too long for headers loses its query, then its path', () => {
    const query = decide({ asked: { target: `/a?${'x'.repeat(4000)}` } })
    expect(query).toMatchObject({ location: expect.stringMatching(/com%2Fa$/) })
    const path = decide({ asked: { target: `/${'x'.repeat(4000)}` } })
    expect(path).toMatchObject({ location: expect.stringMatching(/com%2F$/) })
  })

  test('with a good session they come through', () => {
    expect(decide({ shown: live() })).toMatchObject({ kind: 'allow', subject: { uid: 'main:ann' } })
  })

  test.each<[string, Shown]>([
    ['ended', { kind: 'ended', via: 'cookie', sid, end }],
    ['a cookie that is none', { kind: 'invalid', via: 'cookie' }],
    ['an identity that has run out', live({ identity: 'lapsed' }) as Shown],
  ])('scenario S04: %s: sign in again', (_, shown) => {
    expect(decide({ shown }).kind).toBe('sign-in')
  })
})

describe('scenario L14: what is a page navigation', () => {
  test.each<[string, readonly string[], string]>([
    ['Sec-Fetch says so', ['Sec-Fetch-Mode', 'navigate', 'Sec-Fetch-Dest', 'document'], 'sign-in'],
    ['Sec-Fetch-Mode alone says so', ['Sec-Fetch-Mode', 'navigate'], 'sign-in'],
    ['only Accept is there, with text/html', ['Accept', 'text/html,*/*;q=0.8'], 'sign-in'],
    ['a frame', ['Sec-Fetch-Mode', 'navigate', 'Sec-Fetch-Dest', 'iframe'], 'unauthenticated'],
    [
      'scenario L13: a picture',
      ['Sec-Fetch-Mode', 'no-cors', 'Sec-Fetch-Dest', 'image'],
      'unauthenticated',
    ],
    [
      'fetch with Accept text/html',
      ['Sec-Fetch-Mode', 'cors', 'Accept', 'text/html'],
      'unauthenticated',
    ],
    [
      'scenario A01: X-Requested-With',
      ['X-Requested-With', 'XMLHttpRequest', 'Accept', 'text/html'],
      'unauthenticated',
    ],
    [
      'scenario A07: a WebSocket',
      ['Upgrade', 'websocket', 'Accept', 'text/html'],
      'unauthenticated',
    ],
    ['scenario A04: an event stream', ['Accept', 'text/event-stream'], 'unauthenticated'],
    ['Accept image', ['Accept', 'image/*'], 'unauthenticated'],
    ['Accept anything', ['Accept', '*/*'], 'unauthenticated'],
    ['no header at all', [], 'unauthenticated'],
  ])('%s', (_, headers, kind) => {
    expect(decide({ headers }).kind).toBe(kind)
  })

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('scenario L16: a %s never is', (method) => {
    expect(decide({ asked: { method } }).kind).toBe('unauthenticated')
  })

  test('scenario A10: an event stream that also names text/html gets no further than a page', () => {
    expect(decide({ headers: ['Accept', 'text/event-stream, text/html'] }).kind).toBe('sign-in')
  })
})

describe('not a page', () => {
  const headers = ['Sec-Fetch-Mode', 'cors']

  test.each<[string, Shown, string]>([
    ['scenario A01: nothing', { kind: 'none' }, 'no_credential'],
    ['scenario A03: an ended session', { kind: 'ended', via: 'cookie', sid, end }, 'session_ended'],
    [
      'scenario A02: an identity that has run out',
      live({ identity: 'lapsed' }) as Shown,
      'identity_lapsed',
    ],
  ])('%s: 401 with the way to sign in', (_, shown, why) => {
    expect(decide({ headers, shown })).toMatchObject({
      ...{ kind: 'unauthenticated', why },
      loginUrl: 'https://auth.example.com/login?return_to=https%3A%2F%2Fapp.example.com%2F',
    })
  })
})

describe('C17: a bearer token that is not good is never redirected, not even on a page', () => {
  test.each<[string, Shown, string]>([
    ['invalid', { kind: 'invalid', via: 'bearer' }, 'bad_token'],
    ['ended', { kind: 'ended', via: 'bearer', sid, end }, 'session_ended'],
    ['lapsed', live({ via: 'bearer', identity: 'lapsed' }) as Shown, 'identity_lapsed'],
  ])('%s', (_, shown, why) => {
    expect(decide({ shown })).toMatchObject({ kind: 'unauthenticated', why })
  })
})

describe('C16, C23: what cannot be told is 503, and no session suffers', () => {
  test('the store does not answer', () => {
    const shown = { kind: 'unavailable', retryAfterSeconds: 2 } as const
    expect(decide({ shown })).toEqual({ kind: 'unavailable', retryAfterSeconds: 2 })
  })

  test('rule 24 identity deadline: past the grace of a provider at fault', () => {
    expect(decide({ shown: live({ identity: 'unavailable' }) as Shown }).kind).toBe('unavailable')
  })
})

describe('rules', () => {
  test('C2: an unknown host is refused, and the log says how to mend it', () => {
    expect(decide({ asked: { host: 'other.example.org' }, shown: live() as Shown })).toMatchObject({
      ...{ kind: 'forbidden', why: 'unknown_host' },
      hint: expect.stringContaining('other.example.org'),
    })
  })

  test('C3: a condition that does not hold is 403, not a sign-in', () => {
    const rules = [rule({ require: { ...conditions, roles: ['ops'] } })]
    expect(decide({ rules, shown: live() as Shown })).toMatchObject({
      ...{ kind: 'forbidden', why: 'condition', condition: 'roles' },
    })
  })

  test('scenarios E01, E08: require none judges no credentials and identifies nobody', () => {
    const rules = [rule({ require: { kind: 'none' } })]
    expect(decide({ rules, shown: live() as Shown })).toMatchObject({
      kind: 'allow',
      subject: null,
    })
  })

  test('scenario H12: a preflight comes through, unless the rule says no', () => {
    const asked = { method: 'OPTIONS' }
    const headers = ['Origin', 'https://x.example', 'Access-Control-Request-Method', 'GET']
    expect(decide({ asked, headers }).kind).toBe('preflight')
    const rules = [rule({ preflight: 'deny' })]
    expect(decide({ rules, asked, headers })).toMatchObject({ why: 'preflight_denied' })
    expect(decide({ asked, headers: ['Origin', 'https://x.example'] }).kind).toBe('unauthenticated')
  })

  test('paths below the prefix are ours, on known hosts, and never the application’s', () => {
    const rules = [rule({ require: { kind: 'none' } })]
    const own = (target: string) => decide({ rules, asked: { target } })
    expect(own('/.curfew/session?ticket=t')).toEqual({
      kind: 'own',
      step: { kind: 'session', ticket: 't' },
    })
    expect(own('/.curfew/signout')).toEqual({ kind: 'own', step: { kind: 'signout' } })
    expect(own('/.curfew/session?ticket=a&ticket=b')).toMatchObject({ step: { kind: 'unknown' } })
    expect(own('/.curfew')).toMatchObject({ step: { kind: 'unknown' } })
    expect(own('/.curfewx')).toMatchObject({ kind: 'allow' })
  })
})

describe('rule 16 one credential: scenario M04: everything that is presented leads to one session', () => {
  const other = live({ subject: subject({ sid: otherSid }) })
  const ended: Presentation = { kind: 'ended', via: 'cookie', sid: otherSid, end }

  test.each<[string, readonly Presentation[], string]>([
    ['cookie and bearer of one session', [live({ via: 'bearer' }), live()], 'live'],
    ['of two sessions', [live({ via: 'bearer' }), other], 'several'],
    ['two cookies of two sessions', [live(), other], 'several'],
    ['of a living and an ended session', [live({ via: 'bearer' }), ended], 'several'],
    ['a planted cookie that is none', [live(), { kind: 'invalid', via: 'cookie' }], 'live'],
    ['a bad bearer beside a good cookie', [{ kind: 'invalid', via: 'bearer' }, live()], 'invalid'],
    [
      'one that cannot be told',
      [live(), { kind: 'unavailable', retryAfterSeconds: 1 }],
      'unavailable',
    ],
    [
      'a token of another issuer beside a session',
      [live({ subject: subject({ sid: null }) }), live()],
      'several',
    ],
  ])('%s', (_, presented, kind) => {
    expect(combine(presented).kind).toBe(kind)
  })

  test('several sessions are 403', () => {
    expect(decide({ shown: combine([live(), other]) })).toMatchObject({
      ...{ kind: 'forbidden', why: 'several_credentials' },
    })
  })

  test('what is remembered of two credentials holds for as long as both do', () => {
    const shorter = live({ via: 'bearer', goodUntil: now + 1 })
    expect(combine([live(), shorter])).toMatchObject({ via: 'bearer', goodUntil: now + 1 })
  })
})

describe('which credentials count', () => {
  const cookie = `cfc_${'A'.repeat(76)}`
  const session = `cfs_${'A'.repeat(76)}`
  const jwt = 'eyJ0.eyJ1.c2ln'
  const read = (
    own: readonly string[],
    authorization: readonly string[],
    kind: 'curfew' | 'ignore',
  ) => {
    const found = readCredentials({ own }, authorization, { kind })
    return found.kind === 'some' ? found.list.map(({ via, form }) => `${via} ${form}`) : found.kind
  }

  test.each<[string, readonly string[], readonly string[], string | readonly string[]]>([
    ['the cookie', [cookie], [], ['cookie cookie']],
    ['a JWT', [], [`Bearer ${jwt}`], ['bearer jwt']],
    ['a session token', [], [`bearer  ${session}`], ['bearer session']],
    ['both', [cookie], [`Bearer ${jwt}`], ['bearer jwt', 'cookie cookie']],
    ['another scheme', [cookie], ['Basic eDp5'], ['cookie cookie']],
    ['rule 15 audience: the cookie as bearer', [], [`Bearer ${cookie}`], 'bad-bearer'],
    ['rule 12 session token: a refresh token', [], [`Bearer cfr_${'A'.repeat(76)}`], 'bad-bearer'],
    ['garbage as bearer', [cookie], ['Bearer garbage'], 'bad-bearer'],
    ['an empty bearer', [], ['Bearer'], 'bad-bearer'],
    ['two in one header', [], [`Bearer ${jwt}, Bearer ${jwt}`], 'bad-bearer'],
    ['two headers', [], [`Bearer ${jwt}`, 'Basic eDp5'], 'bad-bearer'],
    ['a session token as cookie', [session], [], 'none'],
    ['scenario S07: garbage as cookie', ['../../etc', '<script>'], [], 'none'],
    ['five cookies', ['a', 'b', 'c', 'd', 'e'], [], 'too-many'],
  ])('%s', (_, own, authorization, expected) => {
    expect(read(own, authorization, 'curfew')).toEqual(expected)
  })

  test('scenario A09: with bearer ignored, only the cookie counts', () => {
    expect(read([cookie], ['Bearer garbage'], 'ignore')).toEqual(['cookie cookie'])
    expect(read([], [`Bearer ${jwt}`], 'ignore')).toBe('none')
  })

  test('with issuers, bearer tokens are theirs', () => {
    const policy = { kind: 'issuers', issuers: [{ issuer: 'https://x', audience: ['a'] }] } as const
    expect(readCredentials({ own: [] }, [`Bearer ${jwt}`], policy)).toMatchObject({
      list: [{ form: 'foreign' }],
    })
    expect(readCredentials({ own: [] }, [`Bearer ${session}`], policy).kind).toBe('bad-bearer')
  })

  test('nothing-readable: a credential prints without its token', () => {
    const found = readCredentials({ own: [cookie] }, [], { kind: 'curfew' })
    expect(JSON.stringify(found)).not.toContain('AAAA')
  })
})

describe('conditions', () => {
  const check = (parts: object, who: object = {}) => {
    const rules = [rule({ require: { ...conditions, ...parts } })]
    return decide({ rules, shown: live({ subject: subject(who) }) as Shown }).kind
  }

  test.each<[string, object, object, string]>([
    ['scenario P07: any of the roles', { roles: ['ops', 'pilot'] }, {}, 'allow'],
    ['none of the roles', { roles: ['ops'] }, {}, 'forbidden'],
    ['roles are exact', { roles: ['PILOT', 'pil'] }, {}, 'forbidden'],
    ['all of the roles', { allRoles: ['pilot', 'ops'] }, {}, 'forbidden'],
    ['all, and has them', { allRoles: ['pilot', 'ops'] }, { roles: ['ops', 'pilot'] }, 'allow'],
    ['a user', { users: ['main:ann'] }, {}, 'allow'],
    ['another user', { users: ['main:bob'] }, {}, 'forbidden'],
    ['a claim', { claims: { email: ['ann@example.com'] } }, {}, 'allow'],
    ['scenario P10: a claim that is missing', { claims: { team: ['x'] } }, {}, 'forbidden'],
    ['a claim in a list', { claims: { team: ['x'] } }, { claims: { team: ['w', 'x'] } }, 'allow'],
    ['a claim of another type', { claims: { n: ['1'] } }, { claims: { n: 1 } }, 'forbidden'],
    [
      'scenario P09: a claim inside',
      { claims: { 'a.b': [true] } },
      { claims: { a: { b: true } } },
      'allow',
    ],
    ['no claim by inheritance', { claims: { constructor: ['x'] } }, {}, 'forbidden'],
    ['the provider', { idp: 'main' }, {}, 'allow'],
    ['another provider', { idp: 'other' }, {}, 'forbidden'],
    ['the level', { acr: ['high'] }, { acr: 'high' }, 'allow'],
    ['no level', { acr: ['high'] }, {}, 'forbidden'],
    ['signed in lately', { maxAgeSeconds: 61 }, {}, 'allow'],
    ['signed in too long ago', { maxAgeSeconds: 60 }, {}, 'forbidden'],
    ['nobody knows when', { maxAgeSeconds: 60 }, { authTime: null }, 'forbidden'],
    ['all must hold', { roles: ['pilot'], users: ['main:bob'] }, {}, 'forbidden'],
  ])('%s', (_, parts, who, kind) => {
    expect(check(parts, who)).toBe(kind)
  })

  test('the age counts from the authentication', () => {
    const authTime = epochSeconds(now / 1000)
    expect(check({ maxAgeSeconds: 1 }, { authTime })).toBe('allow')
  })
})
