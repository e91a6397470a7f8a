import { describe, expect, test } from 'vitest'
import { append, arrive, nothingLoaded, release } from './merge.ts'
import { sessionItem } from './testing.ts'

const page = (sids: string[], next_cursor: string | null) => ({
  items: sids.map((sid) => sessionItem({ sid })),
  next_cursor,
})
const sids = (items: readonly { readonly sid: string }[]) => items.map((one) => one.sid).join(' ')
const loaded = append(nothingLoaded, page(['s7', 's5', 's3'], 'more'))

describe('the loaded list', () => {
  test('a page that overlaps with the one before brings no row twice', () => {
    const both = append(loaded, page(['s3', 's1'], null))
    expect(sids(both.items)).toBe('s7 s5 s3 s1')
    expect(both.cursor).toBeNull()
  })

  test('a new session comes to the top when nobody reads', () => {
    const item = sessionItem({ sid: 's9' })
    expect(sids(arrive(loaded, { item, matches: true, reading: false }).items)).toBe('s9 s7 s5 s3')
  })

  test('it waits while somebody reads, and comes when it is let in', () => {
    const item = sessionItem({ sid: 's9' })
    const waiting = arrive(loaded, { item, matches: true, reading: true })
    expect(sids(waiting.items)).toBe('s7 s5 s3')
    expect(sids(waiting.waiting)).toBe('s9')
    expect(sids(release(waiting).items)).toBe('s9 s7 s5 s3')
    expect(release(waiting).waiting).toEqual([])
  })

  test('an end changes its row where it stands, also when the row no longer matches', () => {
    const item = sessionItem({ sid: 's5', revoked_at: 200, revoked_reason: 'user_logout' })
    const after = arrive(loaded, { item, matches: false, reading: true })
    expect(sids(after.items)).toBe('s7 s5 s3')
    expect(after.items[1]?.revoked_reason).toBe('user_logout')
  })

  test('the mark of our own session survives an event, which cannot know it', () => {
    const own = append(nothingLoaded, {
      items: [sessionItem({ sid: 's1', current: true })],
      next_cursor: null,
    })
    const after = arrive(own, { item: sessionItem({ sid: 's1' }), matches: true, reading: false })
    expect(after.items[0]?.current).toBe(true)
  })

  test('one that ends while it waits is no news any more', () => {
    const item = sessionItem({ sid: 's9' })
    const waiting = arrive(loaded, { item, matches: true, reading: true })
    const ended = { ...item, revoked_at: 200 }
    expect(arrive(waiting, { item: ended, matches: false, reading: true }).waiting).toEqual([])
  })

  test('an old session that comes to match belongs to a page that is not loaded yet', () => {
    const item = sessionItem({ sid: 's2', revoked_at: 200 })
    const after = arrive(loaded, { item, matches: true, reading: false })
    expect(sids(after.items)).toBe('s7 s5 s3')
    const whole = append(loaded, page(['s1'], null))
    expect(sids(arrive(whole, { item, matches: true, reading: false }).items)).toBe(
      's7 s5 s3 s2 s1',
    )
  })

  test('what matches nothing changes nothing', () => {
    const item = sessionItem({ sid: 's9' })
    expect(arrive(loaded, { item, matches: false, reading: false })).toBe(loaded)
  })
})
