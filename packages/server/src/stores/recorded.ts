import type { RecordedEnd } from '#authority'
import type { Epoch, SessionId, TokenId, Uid } from '#domain'
import type { Row } from './act.ts'
import { seconds, text, textOrNull, toEnd } from './row.ts'

/** What every ending statement answers of each session that it ended, beside the feed's epoch. */
export const recordedColumns = [
  'sid',
  'uid',
  'newest_jti',
  'latest_exp',
  'revoked_at',
  'revoked_reason',
  'revoked_by_user_id',
  'feed_seq',
  'provider_id',
] as const

/** `told`: some webhook hears of every end. */
export function toRecorded(row: Row, told: boolean): RecordedEnd {
  return {
    sid: text(row, 'sid') as SessionId,
    uid: text(row, 'uid') as Uid,
    end: toEnd(row),
    epoch: text(row, 'epoch') as Epoch,
    jti: textOrNull(row, 'newest_jti') as TokenId | null,
    exp: seconds(row, 'latest_exp'),
    effects: told || row['provider_id'] !== null,
  }
}
