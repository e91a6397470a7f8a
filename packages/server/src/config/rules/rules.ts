import type { Reporter } from '../mistakes.ts'
import type { RawConfig } from '../schema.ts'
import { checkClients } from './client-rules.ts'
import { checkGateway } from './gateway-rules.ts'
import { checkLifetimes } from './lifetime-rules.ts'
import { checkProviders } from './provider-rules.ts'
import { checkRedis } from './redis-rules.ts'
import { checkUsers } from './role-rules.ts'
import { checkSecrets } from './secret-rules.ts'
import { checkServer } from './server-rules.ts'
import { originProblem } from './url-rules.ts'
import { checkWebhooks } from './webhook-rules.ts'

/** What a schema cannot say: the rules within and between settings. */
export function checkRules(config: RawConfig, report: Reporter): void {
  checkServer(config, report)
  checkRedis(config, report)
  checkSecrets(config, report)
  checkProviders(config, report)
  checkUsers(config, report)
  checkClients(config, report)
  checkTokenClaims(config, report)
  checkDeviceNames(config, report)
  checkLifetimes(config, report)
  checkGateway(config, report)
  checkWebhooks(config, report)
  checkOrigins(config, report)
}

/** The claims that Curfew writes itself, and those that say how a token may be used. */
const ownClaims: ReadonlySet<string> = new Set([
  ...['iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'jti', 'sid', 'client_id', 'roles', 'device'],
  ...['scope', 'auth_time', 'amr', 'acr', 'cnf', 'act', 'may_act', 'nonce', 'azp', 'events'],
  ...['at_hash', 'c_hash', 's_hash', 'sub_id', 'typ', 'authorization_details'],
])

function checkTokenClaims({ tokens }: RawConfig, report: Reporter): void {
  for (const [index, claim] of tokens.claims.entries()) {
    if (!ownClaims.has(claim)) continue
    const problem = `${claim} is a claim that Curfew itself writes or that has a fixed meaning`
    report.add(['tokens', 'claims', index], problem, 'Remove it, or give it another name.')
  }
}

function checkDeviceNames({ sessions }: RawConfig, report: Reporter): void {
  if (Object.keys(sessions.devices).length === 0) {
    const fix = 'Add one such as app: {policy: single}, or leave devices out.'
    report.add(['sessions', 'devices'], 'it has no class', fix)
  }
  if (!Object.hasOwn(sessions.devices, 'service')) return
  const problem = "service is the class of clients' own sessions"
  report.add(['sessions', 'devices', 'service'], problem, 'Give it another name.')
}

function checkOrigins({ cors }: RawConfig, report: Reporter): void {
  for (const [index, origin] of cors.origins.entries()) {
    const problem = originProblem(origin)
    const fix = 'Write scheme, host and port alone, such as https://app.example.com.'
    if (problem !== undefined) report.add(['cors', 'origins', index], problem, fix)
  }
}
