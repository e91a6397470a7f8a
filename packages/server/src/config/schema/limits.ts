import { Type } from 'typebox'
import { count, type Notes, rate, section } from './vocabulary.ts'

function limit(perWhat: string, long: string, burst: number) {
  return Type.Union(rate.anyOf, {
    description: `${perWhat}; off turns it off.`,
    default: { rate: long, burst },
    expects: 'off or {rate: 600/m, burst: 100}',
    sample: 'off',
  } satisfies Notes)
}

/** Rule 37: the one table of limits. What goes over one is answered with 429 and Retry-After. */
export const limitsSchema = section(
  {
    tokenRequestsPerSession: limit('Requests at /oauth/token for one session', '1200/m', 600),
    tokenRequestsPerAddress: limit('Requests at /oauth/token from one address', '6000/m', 3000),
    failedClientAuth: limit(
      'Failed client authentications per client and address; what is over it is refused unread',
      '10/m',
      20,
    ),
    sessionStarts: limit('POST /sessions for one uid', '600/m', 600),
    signIns: limit('Sign-ins begun or finished in a browser, per address', '120/m', 60),
    deviceAuthorizations: limit('Device authorizations per client and address', '60/m', 30),
    userCodeGuesses: limit('Unknown user codes per user and per address', '10/m', 10),
    unknownKeys: limit(
      'Fetches of a key set because of a key id that it lacks, per issuer',
      '2/m',
      1,
    ),
    eventStreamsPerCaller: count({
      description: 'Event streams open at once for one caller.',
      default: 100,
      maximum: 1_000_000,
    }),
    eventStreams: count({
      description: 'Event streams open at once on one replica.',
      default: 5000,
      maximum: 1_000_000,
    }),
  },
  { description: 'How often anything may be asked, per replica (rule 37).', default: {} },
)
