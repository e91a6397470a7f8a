import type { Places } from './demo.ts'
import { people } from './people.ts'

/** The one thing that the demo prints: where everything is, and what to try. */
export function introduction(places: Places): string {
  const { application, provider, curfew, backendSecret } = places
  return `
  Curfew, with an application behind it

    application  ${application}   behind a small proxy that asks Curfew
    provider     ${provider}   a throw-away OpenID provider
    Curfew       ${curfew}   on SQLite

    users        ${people.map(described).join(' · ')}   no passwords

  Three things to try

    1. Open the application in two tabs and sign in as alice. One request a second, one dot each.

    2. End all of her sessions; within a second both tabs know:
       curl -X POST -u backend:${backendSecret} ${curfew}/users/alice/revoke

    3. Sign in again, open the provider and sign out there. It tells Curfew (back-channel logout), and
       the application's dots end as well.

  Ctrl-C ends everything and leaves nothing behind.
`
}

function described({ id, roles }: (typeof people)[number]): string {
  return `${id} (${roles.length === 0 ? 'no role' : roles.join(', ')})`
}
