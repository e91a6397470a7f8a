import { endAll } from '#authority'
import type { House } from '../main.ts'
import { type Io, print } from './io.ts'

/**
 * `curfew recover` (rule 7): after a restore the feed gets a new epoch, so that every cursor and every
 * cached snapshot is worthless; and all sessions end, because ends of the lost time are unknown.
 */
export async function recover(
  io: Io,
  house: House,
  options: { readonly keep: boolean; readonly json: boolean },
): Promise<void> {
  const detail = { keep: options.keep }
  await house.authority.record(null, { action: 'recovered', target: null, detail })
  const { head } = await house.store.tail(null)
  const epoch = await house.store.renewEpoch(head.epoch)
  const ended = options.keep ? 0 : await endAll(house.rooms)
  const lines = [
    `the feed has a new epoch, ${epoch}; replicas and verifiers load it anew`,
    options.keep ? 'sessions were kept, as you asked' : `${ended} session(s) ended (restored)`,
  ]
  print(io, options.json, { epoch, ended }, lines)
}
