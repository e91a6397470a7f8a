/* Mistakes that can be planted in the model, to see whether the explorer finds them. */
export interface Bugs {
  /** A repeat is answered from a cached row (against rule 3). */
  readonly cachedRepeat: boolean
  /** A swap compares no version. */
  readonly swapWithoutVersion: boolean
  /** An end does not ask whether the session has ended already. */
  readonly endWithoutGuard: boolean
  /** A start does not compare its fence (against rule 1). */
  readonly startWithoutFence: boolean
  /** A start that was told to join does not look at the fence again once it has joined. */
  readonly joinWithoutFence: boolean
  /** The feed's number is drawn before the transaction that commits it. */
  readonly numberBeforeCommit: boolean
  /** A sender writes its request although its lease may run out before the answer (against rule 21). */
  readonly sendWithoutTime: boolean
  /** A start neither ends the row in its place nor minds the unique index. */
  readonly startEndsNothing: boolean
  /** A replica asks its cache before its denylist. */
  readonly cacheBeforeDenylist: boolean
}

export const noBugs: Bugs = {
  cachedRepeat: false,
  swapWithoutVersion: false,
  endWithoutGuard: false,
  startWithoutFence: false,
  joinWithoutFence: false,
  numberBeforeCommit: false,
  sendWithoutTime: false,
  startEndsNothing: false,
  cacheBeforeDenylist: false,
}
