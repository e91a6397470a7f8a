import {
  deviceCodeGrant,
  devicesOf,
  grantsOf,
  isConfidential,
  type RawClient,
  secretsOf,
  tokenExchangeGrant,
} from '../client-grants.ts'
import type { Path, Reporter } from '../mistakes.ts'
import type { RawConfig } from '../schema.ts'
import { reservedRoles } from './role-rules.ts'
import { originProblem, redirectProblem, webUrlProblem } from './url-rules.ts'

export function checkClients(config: RawConfig, report: Reporter): void {
  const ids = new Set<string>()
  for (const [index, client] of config.clients.entries()) {
    const path: Path = ['clients', index]
    if (ids.has(client.id)) {
      report.add([...path, 'id'], `another client is called ${client.id}`, 'Give it another id.')
    }
    ids.add(client.id)
    checkAuthentication(client, path, report)
    checkRights(client, path, report)
    checkGrants(client, path, report)
    checkDevices(client, config.sessions.devices, path, report)
    checkUris(client, path, report)
  }
}

function checkAuthentication(client: RawClient, path: Path, report: Reporter): void {
  const ways = (['secret', 'jwks', 'jwksUri'] as const).filter((key) => client[key] !== null)
  const second = ways[1]
  if (second !== undefined) {
    const problem = `it has ${ways[0]} already, and a client authenticates in one way`
    report.add([...path, second], problem, 'Keep one of secret, jwks and jwksUri.')
  }
  const secrets = secretsOf(client)
  if (new Set(secrets).size < secrets.length) {
    report.add([...path, 'secret', 1], 'it is the same as the first', 'Remove one of them.')
  }
  if (client.jwksUri !== null) {
    const problem = webUrlProblem(client.jwksUri)
    if (problem !== undefined) {
      report.add([...path, 'jwksUri'], problem, 'Write an https URL.')
    }
  }
  checkJwks(client, path, report)
}

function checkJwks(client: RawClient, path: Path, report: Reporter): void {
  for (const [index, key] of (client.jwks?.keys ?? []).entries()) {
    const place = [...path, 'jwks', 'keys', index]
    if (typeof key['kty'] !== 'string') {
      report.add([...place, 'kty'], 'it is missing', 'Write a public key (RFC 7517).')
    } else if (key['kty'] === 'oct' || 'd' in key) {
      const fix = 'Write the public half alone.'
      report.add(place, 'it is a private or symmetric key', fix)
    }
  }
}

function checkRights(client: RawClient, path: Path, report: Reporter): void {
  if (client.roles.length > 0 && !isConfidential(client)) {
    const problem = `${client.roles.join(', ')} needs a client that authenticates (rule 18)`
    report.add([...path, 'roles'], problem, 'Give it a secret, jwks or jwksUri.')
  }
  for (const [index, role] of client.mayGrant.entries()) {
    if (!reservedRoles.includes(role)) continue
    const problem = `${role} is reserved and cannot be granted (rule 17)`
    report.add([...path, 'mayGrant', index], problem, 'Remove it.')
  }
  if (client.roles.includes('issuer')) return
  const fix = 'Add issuer to its roles, or remove it.'
  if (client.mayGrant.length > 0) {
    report.add([...path, 'mayGrant'], 'only an issuer grants roles', fix)
  }
  if (client.mayStartAdmins) {
    report.add([...path, 'mayStartAdmins'], 'only an issuer starts sessions', fix)
  }
}

function checkGrants(client: RawClient, path: Path, report: Reporter): void {
  const place = [...path, 'grants']
  const grants = grantsOf(client)
  const confidentialOnly = ['client_credentials', tokenExchangeGrant] as const
  for (const grant of confidentialOnly) {
    if (!grants.includes(grant) || isConfidential(client)) continue
    const fix = 'Give it a secret, jwks or jwksUri, or remove the grant.'
    report.add(place, `${grant} needs a client that authenticates`, fix)
  }
  if (grants.includes('authorization_code') && client.redirectUris.length === 0) {
    const fix = 'Add redirectUris, or remove the grant.'
    report.add(place, 'authorization_code needs redirectUris', fix)
  }
}

function checkDevices(
  client: RawClient,
  devices: RawConfig['sessions']['devices'],
  path: Path,
  report: Reporter,
): void {
  const { device, deviceGrantDevice } = devicesOf(client)
  const grants = grantsOf(client)
  const needed = new Set(client.device === null ? [] : [client.device])
  if (grants.includes('refresh_token') || grants.includes('authorization_code')) needed.add(device)
  if (grants.includes(tokenExchangeGrant)) needed.add(device)
  if (grants.includes(deviceCodeGrant)) needed.add(deviceGrantDevice)
  for (const name of needed) {
    if (Object.hasOwn(devices, name)) continue
    const fix = `Name one of sessions.devices: ${Object.keys(devices).join(', ')}.`
    report.add([...path, 'device'], `there is no device class ${JSON.stringify(name)}`, fix)
  }
}

function checkUris(client: RawClient, path: Path, report: Reporter): void {
  for (const key of ['redirectUris', 'postLogoutRedirectUris'] as const) {
    for (const [index, uri] of client[key].entries()) {
      const problem = redirectProblem(uri)
      const fix =
        'Write https://…, http:// on a loopback host, or a scheme of the application with a dot (com.example.app:/cb).'
      if (problem !== undefined) report.add([...path, key, index], problem, fix)
    }
  }
  for (const [index, origin] of client.origins.entries()) {
    const problem = originProblem(origin)
    const fix = 'Write scheme, host and port alone, such as https://app.example.com.'
    if (problem !== undefined) report.add([...path, 'origins', index], problem, fix)
  }
}
