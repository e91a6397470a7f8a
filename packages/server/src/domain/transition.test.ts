import { describe, test } from 'vitest'
import { play } from '#test/domain/script.ts'
import { session } from '#test/domain/sessions.ts'

const minute = 60_000
const hour = 60 * minute

/** One of every command, as a script writes it. */
const everyEvent = [
  'refresh gen 1',
  'refresh gen 7',
  'refresh gen 1 by thief',
  'mint',
  'mint unless 60s are left',
  'join',
  'user_logout by alice',
  'admin_revoke by root',
  'expire',
  'touch',
  'rename to tablet',
  'regrant ops',
  'r1 takes the lease for v1',
  'r1 gets tokens for v1',
  'r1 gets a fault for v1',
  'r1 is refused for v1',
]

describe('ends', () => {
  test('rule 2 no way back: an ended session answers everything with its first end', () => {
    for (const event of everyEvent) {
      play(
        session({ provider: {} }),
        `
        1m   user_logout by alice   ended   user_logout     by alice      feed 1     guard live
        2m   ${event}               ended   refused ended   user_logout   by alice   feed 1   nothing written
        `,
      )
    }
  })

  test('rule 2 no way back: past its time a session can only end, whatever is asked of it', () => {
    for (const event of everyEvent) {
      play(
        session({ provider: {}, idleTtlMs: hour }),
        `
        1h   ${event}   ended   expired         by the system   guard expired
        2h   ${event}   ended   refused ended   expired         feed 1
        `,
      )
    }
  })

  test('an end names its reason and who did it', () => {
    play(session(), '1m  admin_revoke by client:backend  ended  admin_revoke  by client:backend')
  })
})

describe('expiry', () => {
  test('unused for the idle time, a session has expired', () => {
    play(
      session({ idleTtlMs: hour }),
      `
      1h-1ms   expire   live    nothing written
      1h       expire   ended   expired
      `,
    )
  })

  test('use moves the idle expiry, up to the absolute one', () => {
    play(
      session({ idleTtlMs: hour, absoluteTtlMs: 2 * hour }),
      `
      50m      refresh gen 1   live    gen 2     idle until 1h50m
      1h40m    mint            live    idle until 2h40m
      2h-1ms   touch           live    written
      2h       refresh gen 2   ended   expired   guard expired
      `,
      { idleTtlMs: hour },
    )
  })

  test('rule 4 every mint is a swap: no access token outlives the absolute expiry', () => {
    play(
      session({ absoluteTtlMs: 8 * minute, provider: {} }),
      `
      2m   refresh gen 1   live   exp 7m
      4m   refresh gen 2   live   iat 4m   exp 8m   latest exp 8m
      5m   mint            live   exp 8m
      6m   join via main   live   exp 8m   latest exp 8m
      `,
    )
  })

  test('rule 4 every mint is a swap: nor the idle expiry, which the mint itself moves', () => {
    play(
      session({ idleTtlMs: 3 * minute, provider: {} }),
      `
      2m   refresh gen 1   live   exp 5m   idle until 5m
      3m   mint            live   exp 6m   idle until 6m
      4m   join via main   live   exp 7m   idle until 7m
      7m   refresh gen 2   ended  expired  guard expired
      `,
      { idleTtlMs: 3 * minute },
    )
  })

  test('the latest expiry of all tokens only rises, also when a later token is shorter', () => {
    const longer = play(session(), '1m  mint  live  exp 1h1m  latest exp 1h1m', {
      accessTtlMs: hour,
    })
    if (longer.kind === 'ended') throw new Error('it lives')
    play(longer, '2m  refresh gen 1  live  exp 7m  latest exp 1h1m')
  })
})

describe('mints', () => {
  test('a token with enough life left is handed out again, an older one is replaced', () => {
    play(
      session(),
      `
      1m       mint unless 120s are left   live   nothing written   jti start@0s   exp 5m
      3m-1ms   mint unless 120s are left   live   nothing written   jti start@0s
      3m       mint unless 120s are left   live   written           jti mint@3m    exp 8m   seen 3m
      3m       mint                        live   written           jti mint@3m
      `,
    )
  })

  test('a token from before a change of roles, or of another key, is not handed out again', () => {
    const regranted = play(
      session(),
      `
      1m   regrant pilot,ops          live   grants 2          roles pilot,ops
      2m   mint unless 60s are left   live   written           jti mint@2m   token grants 2
      3m   mint unless 60s are left   live   nothing written   jti mint@2m
      `,
    )
    if (regranted.kind === 'ended') throw new Error('it lives')
    play(regranted, '4m  mint unless 60s are left  live  written  jti mint@4m  key signing-2', {
      signingKey: 'signing-2',
    })
  })
})

describe('use without a token', () => {
  test('touch writes at most once a minute', () => {
    play(
      session(),
      `
      59s      touch   live   nothing written   seen 0s
      1m       touch   live   written           seen 1m   idle until 7d1m
      2m-1ms   touch   live   nothing written   seen 1m
      2m       touch   live   written           seen 2m
      `,
    )
  })

  test('use never moves back what a later use has moved forward', () => {
    const used = play(session(), '5m  mint  live  seen 5m  idle until 7d5m')
    if (used.kind === 'ended') throw new Error('it lives')
    play(
      used,
      `
      4m   touch           live   nothing written   seen 5m
      4m   refresh gen 1   live   gen 2             seen 5m   idle until 7d5m
      4m   join            live   written           seen 5m   idle until 7d5m
      `,
    )
  })

  test('a shorter idle time in the configuration does not shorten what was written', () => {
    play(session(), '1h  refresh gen 1  live  seen 1h  idle until 7d', { idleTtlMs: hour })
  })
})

describe('what the user and the admin change', () => {
  test('a new name is written once', () => {
    play(
      session(),
      `
      1m   rename to tablet   live   written           named tablet   same grants   seen 0s
      2m   rename to tablet   live   nothing written   named tablet
      `,
    )
  })

  test('new roles raise the version of the grants, the same ones do not', () => {
    play(
      session(),
      `
      1m   regrant ops     live   written           grants 2   roles ops
      2m   regrant ops     live   nothing written   same grants
      3m   refresh gen 1   live   token grants 2    same grants
      4m   regrant pilot   live   grants 3
      `,
    )
  })
})

describe('joins', () => {
  test('rule 9 joins: a joiner takes part by a swap, and the refresh token stays where it is', () => {
    play(session(), '1m  join  live  written  jti join@1m  exp 6m  gen 1  seen 1m')
  })

  test('rule 9 joins: not for another client, provider or other roles', () => {
    play(
      session(),
      `
      1m   join by other         live   refused not-joinable
      1m   join via main         live   refused not-joinable
      1m   join as pilot,ops     live   refused not-joinable
      1m   join as ops           live   refused not-joinable
      1m   join as pilot,pilot   live   written
      `,
    )
    play(
      session({ provider: {} }),
      `
      1m   join            live   refused not-joinable
      1m   join via main   live   written
      `,
    )
  })

  test('rule 9 joins: not into a session that signed in more strongly', () => {
    play(
      session({ acr: 'mfa' }),
      `
      1m   join           live   refused not-joinable
      1m   join acr pwd   live   refused not-joinable
      1m   join acr mfa   live   written
      `,
    )
    play(session({ acr: null }), '1m  join acr mfa  live  written')
  })

  test('rule 9 joins: not into a session that is bound to a key', () => {
    play(session({ dpopThumbprint: 'k1' }), '1m  join  live  refused not-joinable')
  })

  test('rule 9 joins: a session that ended meanwhile is not joined', () => {
    play(
      session(),
      `
      1m   user_logout by alice   ended   user_logout
      1m   join                   ended   refused ended
      `,
    )
  })

  test('rule 12 session token: a join renews it only where its secret was retired', () => {
    play(
      session(),
      `
      1m   join                         live   session token 1 of secret-1
      2m   join renewed with secret-2   live   session token 2 of secret-2
      `,
    )
  })
})
