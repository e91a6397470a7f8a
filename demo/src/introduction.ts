import type { Places } from './demo.ts'
import { administrator, people } from './people.ts'

/** The one thing that the demo prints: where everything is, and what to try. */
export function introduction(places: Places): string {
  const { application, provider, curfew, api, backendSecret } = places
  return `
  Curfew, with an application and an API behind it

    application  ${application}   behind a small proxy that asks Curfew
    API          ${api}   verifies its tokens itself; the mission is flown here
    provider     ${provider}   a throw-away OpenID provider
    Curfew       ${curfew}   on SQLite
    console      ${curfew}/console/   for ${administrator}, who is an administrator
    your devices ${curfew}/account   the account page, for everybody

    users        ${people.map(described).join(' · ')}   no passwords

  Three things to try

    1. Sign in to the application as alice and start a mission: ${application}/mission
       In a private window open the console as ${administrator}, and end alice’s session: her drone is grounded at
       once, though the token of its stream would be good for minutes. The same by a command:
       curl -X POST -u backend:${backendSecret} ${curfew}/users/alice/revoke

    2. Open the application in two tabs, one dot a request. Then open the provider and sign out there: it
       tells Curfew (back-channel logout), and both tabs know within a second.

    3. Sign in with two browsers, and sign out everywhere from one of them: ${curfew}/account

  Ctrl-C ends everything and leaves nothing behind.
`
}

function described({ id, roles }: (typeof people)[number]): string {
  const held = [...roles, ...(id === administrator ? ['admin'] : [])]
  return `${id} (${held.length === 0 ? 'no role' : held.join(', ')})`
}
