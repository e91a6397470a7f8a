/* The list of secrets is read anew at each change: an older answer must not undo a newer one (rule 14). */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { eventually, freshUid, newSecret } from '#test/harness/index.ts'
import { usePair } from './rig/use-pair.ts'

const secrets = [newSecret(), newSecret()]
const pair = usePair({
  config: { secrets, tokens: { keyActivationDelay: '0s' }, revocation: { pullInterval: '200ms' } },
})

test('rule 14 key ring: a retired secret stays retired when an older answer comes late', async () => {
  const { a, stage } = pair
  const { sessionToken } = await a.api.start({ uid: freshUid(), device: 'web' })
  const change = () => stage.execute('update feed_head set keys_version = keys_version + 1')
  const late = a.wire.catchAnswer('curfew_key_ids')
  await change()
  const answer = await late
  const keyId = Buffer.from(sessionToken.slice('cfs_'.length), 'base64url').toString(
    'base64url',
    1,
    5,
  )
  await stage.execute(`delete from key_ids where key_id = '${keyId}'`)
  await change()
  const refused = async () => ((await a.api.works(sessionToken)) ? undefined : true)
  await eventually(refused, { what: 'the retired secret is refused' })
  answer.pass()
  await sleep(1000)
  expect(await a.api.works(sessionToken)).toBe(false)
})
