/** One object for each script: the connection remembers its digest. */
export interface LuaScript {
  readonly text: string
}

/**
 * What the cache needs of Redis. Each may reject at any time, and does so within the connection's own
 * short time-out, or at once while Redis is known to be away: nothing here waits for it otherwise.
 */
export interface SharedConnection {
  readonly keyPrefix: string
  get(key: string): Promise<string | null>
  set(key: string, value: string, ttlMs: number): Promise<void>
  script(
    script: LuaScript,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<string | number | null>
}
