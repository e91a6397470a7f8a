import { describe, test } from 'vitest'
import { play } from '#test/domain/script.ts'
import { session } from '#test/domain/sessions.ts'

const signedIn = () => session({ provider: {} })

describe('the lease', () => {
  test('rule 21 lease: one sender at a time, until it has run out', () => {
    play(
      signedIn(),
      `
      1m          r1 takes the lease for v1   live   written                lease r1 until 1m15s   attempt 1m   decided
      1m1s        r2 takes the lease for v1   live   refused leased
      1m15s-1ms   r2 takes the lease for v1   live   refused leased
      1m15s       r2 takes the lease for v1   live   lease r2 until 1m30s   attempt 1m15s          undecided
      `,
    )
  })

  test('rule 21 lease: it is for the version of the refresh token that is sent', () => {
    play(
      signedIn(),
      `
      1m   r1 takes the lease for v2   live   refused outdated
      1m   r1 takes the lease for v1   live   lease r1 until 1m15s
      1m   r1 gets tokens for v1       live   tokens of-r1 v2
      1m   r2 takes the lease for v1   live   refused outdated
      1m   r2 takes the lease for v2   live   lease r2 until 1m15s   decided
      `,
    )
  })

  test('without a provider there is nothing to take or to store', () => {
    play(
      session(),
      `
      1m   r1 takes the lease for v1   live   refused no-provider-token
      1m   r1 gets tokens for v1       live   refused no-provider-token
      1m   r1 gets a fault for v1      live   nothing written
      1m   r1 is refused for v1        live   nothing written
      `,
    )
  })
})

describe('tokens', () => {
  test('rule 21 lease: tokens settle the attempt, and count as use', () => {
    play(
      signedIn(),
      `
      1m   r1 takes the lease for v1   live   lease r1 until 1m15s   seen 0s
      2m   r1 gets tokens for v1       live   no lease               no attempt   decided   tokens of-r1 v2   issued 2m   seen 2m
      `,
    )
  })

  test('a provider that does not rotate keeps the age of its refresh token', () => {
    play(
      signedIn(),
      `
      1m   r1 takes the lease for v1            live   lease r1 until 1m15s
      1m   r1 gets tokens for v1, not rotated   live   tokens of-r1 v2   issued 0s
      `,
    )
  })

  test('rule 21 lease: the late tokens of an outlived lease are stored, whoever holds it now', () => {
    play(
      signedIn(),
      `
      1m      r1 takes the lease for v1   live   lease r1 until 1m15s
      1m20s   r2 takes the lease for v1   live   lease r2 until 1m35s   undecided
      1m21s   r1 gets tokens for v1       live   no lease               decided   tokens of-r1 v2
      1m22s   r2 gets tokens for v1       live   nothing written        tokens of-r1 v2
      1m22s   r2 is refused for v1        live   nothing written        tokens of-r1 v2
      1m22s   r2 gets a fault for v1      live   nothing written        no back-off
      `,
    )
  })

  test('rule 21 lease: late tokens mend a token that was given up as lost', () => {
    play(
      signedIn(),
      `
      1m      r1 takes the lease for v1   live   lease r1 until 1m15s
      1m20s   r2 takes the lease for v1   live   undecided
      1m21s   r2 is refused for v1        live   lost       no lease
      1m22s   r1 gets tokens for v1       live   not lost   tokens of-r1 v2
      1m23s   r3 takes the lease for v2   live   lease r3 until 1m38s
      `,
    )
  })

  test('tokens of a session that has ended are not stored', () => {
    play(
      signedIn(),
      `
      1m   r1 takes the lease for v1   live    lease r1 until 1m15s
      1m   user_logout by alice        ended   user_logout
      1m   r1 gets tokens for v1       ended   refused ended   tokens p1 v1
      `,
    )
  })

  test('roles that come with the tokens raise the version of the grants, the same ones do not', () => {
    play(
      signedIn(),
      `
      1m   r1 gets tokens for v1 as pilot       live   tokens of-r1 v2   same grants   grants 1
      2m   r1 gets tokens for v2 as pilot,ops   live   tokens of-r1 v3   grants 2      roles pilot,ops
      3m   r1 gets tokens for v3                live   tokens of-r1 v4   same grants   roles pilot,ops
      `,
    )
  })
})

describe('no tokens', () => {
  test('rule 21 lease: a fault gives the lease back, and nobody asks before the back-off is over', () => {
    play(
      signedIn(),
      `
      1m         r1 takes the lease for v1   live   lease r1 until 1m15s
      1m1s       r1 gets a fault for v1      live   no lease               no attempt   back-off until 2m1s   decided
      1m2s       r2 takes the lease for v1   live   refused backing-off
      2m1s-1ms   r2 takes the lease for v1   live   refused backing-off
      2m1s       r2 takes the lease for v1   live   lease r2 until 2m16s   decided
      2m2s       r2 gets tokens for v1       live   no back-off            tokens of-r2 v2
      `,
    )
  })

  test('rule 21 lease: a late fault does not free the lease of the next sender', () => {
    play(
      signedIn(),
      `
      1m      r1 takes the lease for v1   live   lease r1 until 1m15s
      1m20s   r2 takes the lease for v1   live   lease r2 until 1m35s   undecided
      1m21s   r1 gets a fault for v1      live   nothing written        lease r2 until 1m35s   undecided
      1m22s   r3 takes the lease for v1   live   refused leased
      `,
    )
  })

  test('rule 21 lease: a fault decides nothing about an attempt before it', () => {
    play(
      signedIn(),
      `
      1m      r1 takes the lease for v1   live   decided
      1m20s   r2 takes the lease for v1   live   undecided
      1m21s   r2 gets a fault for v1      live   no lease   undecided
      2m21s   r3 takes the lease for v1   live   undecided
      2m22s   r3 is refused for v1        live   lost
      `,
    )
  })

  test('rule 21 lease: silence keeps the lease until it runs out, and leaves the attempt undecided', () => {
    play(
      signedIn(),
      `
      1m      r1 takes the lease for v1   live   lease r1 until 1m15s
      1m14s   r2 takes the lease for v1   live   refused leased
      1m15s   r2 takes the lease for v1   live   lease r2 until 1m30s   undecided
      `,
    )
  })

  test('rule 21 lease: a refusal of the only attempt ends the session', () => {
    play(
      signedIn(),
      `
      1m   r1 takes the lease for v1   live    decided
      1m   r1 is refused for v1        ended   idp_refused   by the system   guard live
      `,
    )
  })

  test('rule 21 lease: a refusal after an undecided attempt is a loss, and nobody asks again', () => {
    play(
      signedIn(),
      `
      1m      r1 takes the lease for v1   live   decided
      1m20s   r2 takes the lease for v1   live   undecided
      1m21s   r2 is refused for v1        live   lost   no lease   no attempt
      9m      r3 takes the lease for v1   live   refused no-provider-token
      9m      refresh gen 1               live   gen 2
      `,
    )
  })

  test('rule 21 lease: a second refusal after a loss ends nothing, the first sender may yet answer', () => {
    play(
      signedIn(),
      `
      1m      r1 takes the lease for v1   live   decided
      1m20s   r2 takes the lease for v1   live   undecided
      1m40s   r3 takes the lease for v1   live   undecided
      1m41s   r3 is refused for v1        live   lost
      1m42s   r2 is refused for v1        live   lost        nothing written
      1m43s   r1 gets tokens for v1       live   not lost    tokens of-r1 v2
      `,
    )
  })
})
