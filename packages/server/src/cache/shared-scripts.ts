import type { LuaScript } from './shared-connection.ts'

/**
 * Writes a snapshot unless a tombstone stands there, or something as new: the version counts first, then
 * the place in the feed, then when it was read. Values of other shapes are compared too, so that replicas
 * of two versions of Curfew do not take each other's newer snapshots away.
 *
 * KEYS: the session's. ARGV: version, seq, readAt, value, milliseconds to live. Answers 1 if written.
 */
export const fillScript: LuaScript = {
  text: `
local held = redis.call('GETRANGE', KEYS[1], 0, 63)
if string.sub(held, 1, 1) == 't' then return 0 end
local version, seq, readAt = string.match(held, '^s%d+%.(%d+)%.(%d+)%.(%d+)%.')
if version then
  local held = { tonumber(version), tonumber(seq), tonumber(readAt) }
  for place = 1, 3 do
    local own = tonumber(ARGV[place])
    if held[place] > own then return 0 end
    if held[place] < own then break end
    if place == 3 then return 0 end
  end
end
redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[5])
return 1
`,
}
