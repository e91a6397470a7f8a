import { durationMs } from '../durations.ts'
import type { Path, Reporter } from '../mistakes.ts'
import { issuerOf } from '../provider-presets.ts'
import type { RawConfig } from '../schema.ts'
import { isBundle } from './certificates.ts'
import { templateProblem } from './template-rules.ts'
import { webUrlProblem } from './url-rules.ts'

type RawProvider = RawConfig['identityProviders'][number]

export function checkProviders({ identityProviders }: RawConfig, report: Reporter): void {
  const ids = new Set<string>()
  for (const [index, provider] of identityProviders.entries()) {
    const path: Path = ['identityProviders', index]
    if (ids.has(provider.id)) {
      const problem = `another provider is called ${provider.id}`
      report.add([...path, 'id'], problem, 'Give it another id.')
    }
    ids.add(provider.id)
    checkUrls(provider, path, report)
    checkAccess(provider, path, report)
    checkUid(provider, identityProviders, path, report)
  }
}

function checkUrls(provider: RawProvider, path: Path, report: Reporter): void {
  const issuer = issuerOf(provider)
  if (issuer === undefined) {
    const fix = 'Give it the issuer, exactly as the provider writes it.'
    report.add([...path, 'issuer'], 'it is missing', fix)
  } else {
    const problem = /[?#]/.test(issuer) ? 'it has a query or a fragment' : webUrlProblem(issuer)
    if (problem !== undefined) {
      report.add([...path, 'issuer'], problem, 'Write an https URL; internalUrl may be http.')
    }
  }
  const internal = provider.internalUrl === null ? undefined : URL.parse(provider.internalUrl)
  if (internal === undefined || internal?.protocol === 'https:') return
  if (internal?.protocol === 'http:') return
  report.add([...path, 'internalUrl'], 'it is not an http or https URL', 'Write http://host:port.')
}

function checkAccess(provider: RawProvider, path: Path, report: Reporter): void {
  if (provider.clientSecret !== null && provider.privateKey !== null) {
    const fix = 'Keep one of the two.'
    report.add([...path, 'privateKey'], 'it has clientSecret already', fix)
  }
  if (provider.ca !== null && !isBundle(provider.ca)) {
    const fix = `Write \${file:/path/to/ca.pem}.`
    report.add([...path, 'ca'], 'it is not a certificate in PEM, or not one that can be read', fix)
  }
  if (provider.preset !== 'github' && !provider.scopes.includes('openid')) {
    const problem = 'openid is not among them, so there would be no ID token'
    report.add([...path, 'scopes'], problem, 'Add openid.')
  }
  if (durationMs(provider.timeout) > 60_000) {
    report.add([...path, 'timeout'], 'it is longer than 1m', 'Write 1m or less.')
  }
  const own = provider.exchangeAudiences.indexOf(provider.clientId)
  if (own >= 0) {
    const problem = "it is Curfew's own client id, whose ID tokens are never exchanged (rule 32)"
    report.add([...path, 'exchangeAudiences', own], problem, 'Remove it.')
  }
}

/** Without the provider in the uid, one provider could sign in the other's users. */
function checkUid(
  provider: RawProvider,
  all: readonly RawProvider[],
  path: Path,
  report: Reporter,
): void {
  const place = [...path, 'uid']
  const problem = templateProblem(provider.uid, 'claims')
  if (problem !== undefined) {
    report.add(place, problem, 'Write a template such as "{{ idp }}:{{ sub }}".')
  } else if (!provider.uid.includes('{{')) {
    const fix = 'Write a template such as "{{ idp }}:{{ sub }}".'
    report.add(place, 'it names no claim, so all users would be one', fix)
  } else if (provider.uid.toLowerCase().startsWith('client:')) {
    report.add(place, 'client:<id> belongs to clients alone (rule 18)', 'Begin it otherwise.')
  } else if (!namesProvider(provider) && all.some((other) => clashes(provider, other))) {
    const other = 'another provider also makes uids without {{ idp }}, so users could be mistaken'
    report.add(place, other, 'Put {{ idp }} into one of them.')
  }
}

function namesProvider({ uid }: RawProvider): boolean {
  return /\{\{\s*idp\s*[|}]/.test(uid)
}

function clashes(provider: RawProvider, other: RawProvider): boolean {
  return other !== provider && !namesProvider(other)
}
