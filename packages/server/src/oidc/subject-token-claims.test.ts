import { expect, test } from 'vitest'
import { kindProblem, partyProblem } from './subject-token-claims.ts'

const standard = { iss: 'https://idp.example.com', sub: 'alice', aud: 'ios', iat: 1, exp: 2 }

test('rule 32 exchange: an ID token of each provider that we know is one', () => {
  const google = { ...standard, azp: 'app.example', at_hash: 'x', email_verified: true }
  const microsoft = { ...standard, ver: '2.0', tid: 't', oid: 'o', preferred_username: 'alice' }
  const keycloak = { ...standard, typ: 'ID', session_state: 's' }
  const cognito = { ...standard, token_use: 'id', 'cognito:username': 'alice' }
  for (const payload of [google, microsoft, keycloak, cognito]) {
    expect(kindProblem({ alg: 'RS256', typ: 'JWT' }, payload)).toBeUndefined()
  }
})

test('rule 32 exchange: an access token that has the typ and the audience of an ID token is none', () => {
  const microsoft = { ...standard, ver: '1.0', appid: 'a', appidacr: '1', idtyp: 'user' }
  const newer = { ...standard, ver: '2.0', azp: 'a', azpacr: '1', scp: 'access_as_user' }
  const keycloak = { ...standard, typ: 'Bearer' }
  const cognito = { ...standard, token_use: 'access' }
  for (const payload of [microsoft, newer, keycloak, cognito, { ...standard, cnf: { jkt: 'x' } }]) {
    expect(kindProblem({ alg: 'RS256', typ: 'JWT' }, payload)).toMatch(/no ID token|another kind/)
  }
  // Each trait of Microsoft's tells by itself: not every tenant's tokens have them all.
  for (const trait of ['appid', 'appidacr', 'azpacr', 'idtyp']) {
    expect(kindProblem({ alg: 'RS256' }, { ...standard, [trait]: '1' })).toContain(trait)
  }
  expect(kindProblem({ alg: 'RS256', typ: 'at+jwt' }, standard)).toMatch(/typ/)
  expect(kindProblem({ alg: 'RS256', typ: 'logout+jwt' }, standard)).toMatch(/typ/)
})

test('rule 32 exchange: every audience is named, and none is ours', () => {
  const problem = (claims: Record<string, unknown>) =>
    partyProblem({ ...standard, ...claims }, ['ios', 'android'], ['curfew'])
  expect(problem({})).toBeUndefined()
  expect(problem({ azp: 'app.example' })).toBeUndefined()
  expect(problem({ aud: ['ios', 'android'], azp: 'ios' })).toBeUndefined()
  expect(problem({ aud: ['ios', 'android'] })).toMatch(/azp/)
  expect(problem({ aud: ['ios', 'web'], azp: 'ios' })).toMatch(/none of exchangeAudiences/)
  expect(problem({ aud: 'curfew' })).toMatch(/Curfew itself/)
  expect(problem({ azp: 'curfew' })).toMatch(/Curfew itself/)
  expect(problem({ aud: [] })).toMatch(/no audience/)
})
