import { describe, expect, test } from 'vitest'
import { play } from '#test/domain/script.ts'
import { session, t0 } from '#test/domain/sessions.ts'
import { addMs } from './time.ts'

const hour = 3_600_000
/** The class `app`: a phone that lost the answer may ask again for a day. */
const lostResponse = { lostResponseMs: 24 * hour }

describe('rotation', () => {
  test('each refresh token is good for one rotation', () => {
    play(
      session(),
      `
      4m   refresh gen 1   live   gen 2   written   jti refresh@4m   iat 4m   exp 9m
      8m   refresh gen 2   live   gen 3   written   jti refresh@8m   iat 8m   exp 13m
      9m   refresh gen 3   live   gen 4   written   seen 9m          idle until 7d9m
      `,
    )
  })

  test('a generation that was never issued is refused and ends nothing', () => {
    play(
      session(),
      `
      1m   refresh gen 2    live   refused not-issued   gen 1
      2m   refresh gen 99   live   refused not-issued   gen 1
      3m   refresh gen 1    live   gen 2
      `,
    )
  })

  test('a session without refresh token refuses one', () => {
    play(session({ refreshable: false }), '1m  refresh gen 1  live  refused no-refresh-token')
  })

  test('a refresh token that lay unused for too long is refused, and the session lives on', () => {
    play(
      session(),
      `
      1h       refresh gen 1   live   gen 2
      3h-1ms   refresh gen 2   live   gen 3
      5h-1ms   refresh gen 3   live   refused refresh-token-expired   gen 3
      5h       mint            live   jti mint@5h
      `,
      { refreshTtlMs: 2 * hour },
    )
  })

  test('the address of the last refresh is kept, and one that is not known forgets nothing', () => {
    const moved = play(session(), '1m  refresh gen 1  live  from 192.0.2.7', { ip: '192.0.2.7' })
    if (moved.kind === 'ended') throw new Error('it lives')
    play(moved, '2m  refresh gen 2  live  from 192.0.2.7', { ip: null })
  })
})

describe('repeats', () => {
  test('rule 11 grace: a repeat within the grace is answered with the same successor', () => {
    play(
      session(),
      `
      9m          refresh gen 1   live    gen 2
      9m1s        refresh gen 1   live    gen 2           same successor   jti refresh@9m   iat 9m   exp 14m
      9m30s-1ms   refresh gen 1   live    gen 2           same successor   nothing written
      12m         refresh gen 1   ended   refresh_reuse   feed 1           by the system    guard live
      `,
    )
  })

  test('rule 11 grace: it is over the moment it ends', () => {
    play(
      session(),
      `
      9m      refresh gen 1   live    gen 2
      9m30s   refresh gen 1   ended   refresh_reuse
      `,
    )
  })

  test('rule 11 grace: it runs from the moment at which this replica regained the store', () => {
    const regained = { regainedAt: addMs(t0, 20 * 60_000) }
    play(
      session(),
      `
      9m           refresh gen 1   live    gen 2
      20m30s-1ms   refresh gen 1   live    gen 2   jti refresh@20m30s-1ms
      20m30s       refresh gen 1   ended   refresh_reuse
      `,
      regained,
    )
  })

  test('rule 11 grace: an outage before the rotation lengthens nothing', () => {
    play(
      session(),
      `
      9m      refresh gen 1   live    gen 2
      9m30s   refresh gen 1   ended   refresh_reuse
      `,
      { regainedAt: addMs(t0, 60_000) },
    )
  })

  test('where the class has a lost-response time, a repeat is answered for so long', () => {
    play(
      session(),
      `
      1h         refresh gen 1   live    gen 2
      1h4m       refresh gen 1   live    same successor   jti refresh@1h   exp 1h5m
      1d1h-1ms   refresh gen 1   live    gen 2            jti refresh@1d1h-1ms
      1d1h       refresh gen 1   ended   refresh_reuse
      `,
      lostResponse,
    )
  })

  test('a repeat whose access token has run out gets a new one, and the same successor', () => {
    play(
      session(),
      `
      1h     refresh gen 1   live    gen 2   jti refresh@1h
      1h5m   refresh gen 1   live    gen 2   jti refresh@1h5m   iat 1h5m   exp 1h10m   written
      1h6m   refresh gen 1   live    same successor             jti refresh@1h5m
      1h7m   refresh gen 2   live    gen 3
      `,
      lostResponse,
    )
  })

  test('the lost-response time is over as soon as the successor has been used', () => {
    play(
      session(),
      `
      1h     refresh gen 1   live    gen 2
      1h1s   refresh gen 2   live    gen 3
      1h2s   refresh gen 1   ended   refresh_reuse   feed 1
      `,
      lostResponse,
    )
  })

  test('two generations behind is reuse, within any grace', () => {
    play(
      session({ generation: 3 }),
      `
      1s   refresh gen 1   ended   refresh_reuse
      `,
    )
  })

  test('rule 4 every mint is a swap: a repeat after another mint answers the rotation’s token', () => {
    play(
      session(),
      `
      9m      refresh gen 1   live   gen 2            jti refresh@9m   iat 9m     exp 14m
      9m5s    mint            live   gen 2            jti mint@9m5s    iat 9m5s   exp 14m5s
      9m10s   refresh gen 1   live   same successor   jti refresh@9m   iat 9m     exp 14m
      `,
    )
  })

  test('a repeat after a join answers the rotation’s token', () => {
    play(
      session(),
      `
      9m      refresh gen 1   live   gen 2            jti refresh@9m
      9m5s    join            live   gen 2            jti join@9m5s
      9m10s   refresh gen 1   live   same successor   jti refresh@9m   exp 14m
      `,
    )
  })

  test('touch, rename and new roles between a rotation and its repeat change nothing about it', () => {
    play(
      session(),
      `
      9m      refresh gen 1       live   gen 2
      9m2s    rename to tablet    live   named tablet
      9m3s    regrant pilot,ops   live   grants 2
      9m10s   refresh gen 1       live   same successor   jti refresh@9m   token grants 1
      `,
    )
  })
})

describe('senders', () => {
  test('rule 10 sender: a repeat by another client is reuse', () => {
    play(
      session(),
      `
      9m     refresh gen 1            live    gen 2
      9m1s   refresh gen 1 by thief   ended   refresh_reuse
      `,
    )
  })

  test('rule 10 sender: a repeat with another DPoP key, or with none, is reuse', () => {
    for (const repeat of ['refresh gen 1 with key k2', 'refresh gen 1']) {
      play(
        session({ dpopThumbprint: 'k1' }),
        `
        9m     refresh gen 1 with key k1   live    gen 2
        9m1s   refresh gen 1 with key k1   live    same successor
        9m2s   ${repeat}                   ended   refresh_reuse
        `,
      )
    }
  })

  test('rule 10 sender: the newest token of another client or key is refused and ends nothing', () => {
    play(
      session({ dpopThumbprint: 'k1' }),
      `
      1m   refresh gen 1 by thief with key k1   live   refused wrong-client   gen 1
      2m   refresh gen 1 with key k2            live   refused wrong-client   gen 1
      3m   refresh gen 1                        live   refused wrong-client   gen 1
      4m   refresh gen 1 with key k1            live   gen 2
      `,
    )
  })

  test('rule 10 sender: a key at an unbound token, and a change of network, are no theft', () => {
    const roaming = play(
      session(),
      `
      1m     refresh gen 1               live   gen 2   from 192.0.2.7
      1m1s   refresh gen 1 with key k1   live   same successor
      `,
      { ip: '192.0.2.7' },
    )
    if (roaming.kind === 'ended') throw new Error('it lives')
    play(roaming, '1m2s  refresh gen 1  live  same successor  nothing written', {
      ip: '198.51.100.9',
    })
  })

  test('rule 34 DPoP: the first rotation with a proof binds the session to its key', () => {
    play(
      session(),
      `
      1m   refresh gen 1                live   gen 2
      2m   refresh gen 2 with key k1    live   gen 3
      3m   refresh gen 3                live   refused wrong-client   gen 3
      4m   refresh gen 3 with key k2    live   refused wrong-client   gen 3
      5m   refresh gen 3 with key k1    live   gen 4
      6m   refresh gen 3 with key k2    ended  refresh_reuse
      `,
    )
  })

  test('two generations behind ends the session whoever presents it', () => {
    const stolen = '1s  refresh gen 1 by thief  ended  refresh_reuse'
    expect(play(session({ generation: 3 }), stolen).kind).toBe('ended')
  })
})
