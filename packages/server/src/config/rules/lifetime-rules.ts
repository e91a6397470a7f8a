import { durationMs, formatDuration } from '../durations.ts'
import type { Path, Reporter } from '../mistakes.ts'
import type { RawConfig } from '../schema.ts'

/** What holds between durations: rules 11 and 30, and that no limit makes another pointless. */
export function checkLifetimes(config: RawConfig, report: Reporter): void {
  checkAccessTtls(config, report)
  checkDeviceClasses(config, report)
  checkRevocation(config, report)
  checkKeepEnded(config, report)
}

interface AccessTtl {
  readonly path: Path
  readonly text: string
}

function accessTtls(config: RawConfig): readonly AccessTtl[] {
  const found: AccessTtl[] = [{ path: ['tokens', 'accessTtl'], text: config.tokens.accessTtl }]
  for (const [index, { accessTtl }] of config.clients.entries()) {
    if (accessTtl !== null) found.push({ path: ['clients', index, 'accessTtl'], text: accessTtl })
  }
  for (const [name, { accessTtl }] of Object.entries(config.sessions.devices)) {
    if (accessTtl === null) continue
    found.push({ path: ['sessions', 'devices', name, 'accessTtl'], text: accessTtl })
  }
  return found
}

/** Rule 11: a repeat within the grace must still get a token that is worth having. */
function checkAccessTtls(config: RawConfig, report: Reporter): void {
  const { refreshGrace } = config.tokens
  const least = 2 * durationMs(refreshGrace)
  for (const { path, text } of accessTtls(config)) {
    if (durationMs(text) < least) {
      const problem = `${text} is less than twice tokens.refreshGrace (${refreshGrace})`
      const fix = `Write ${formatDuration(least)} or more, or shorten tokens.refreshGrace.`
      report.add(path, problem, fix)
    }
  }
}

function checkDeviceClasses({ sessions }: RawConfig, report: Reporter): void {
  for (const [name, { limit, policy }] of Object.entries(sessions.devices)) {
    if (limit === null || policy === 'multiple') continue
    const fix = 'Remove it, or set policy to multiple.'
    const path: Path = ['sessions', 'devices', name, 'limit']
    report.add(path, `policy ${policy} has no limit`, fix)
  }
}

function checkRevocation({ revocation }: RawConfig, report: Reporter): void {
  const { pullInterval, maxStaleness } = revocation
  if (durationMs(pullInterval) > 3_600_000) {
    report.add(['revocation', 'pullInterval'], 'it is longer than 1h', 'Write 1h or less.')
  }
  if (durationMs(maxStaleness) < durationMs(pullInterval)) {
    const problem = `${maxStaleness} is shorter than pullInterval (${pullInterval})`
    const fix = `Write ${pullInterval} or more: between two reads nothing is stale.`
    report.add(['revocation', 'maxStaleness'], problem, fix)
  }
}

/** Rule 30: a rotated refresh token must find its session as long as it could be presented. */
function checkKeepEnded(config: RawConfig, report: Reporter): void {
  const { keepEnded } = config.sessions
  if (keepEnded === null) return
  const least = leastKeepEndedMs(config)
  if (durationMs(keepEnded) < least) {
    const problem = `${keepEnded} is shorter than tokens.refreshTtl or revocation.retention`
    report.add(['sessions', 'keepEnded'], problem, `Write ${formatDuration(least)} or more.`)
  }
}

export function leastKeepEndedMs({ tokens, revocation }: RawConfig): number {
  return Math.max(durationMs(tokens.refreshTtl), durationMs(revocation.retention))
}
