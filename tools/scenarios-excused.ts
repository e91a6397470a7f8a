/*
 * Scenarios that are not ours, with the reason, and those that hold here in another way than the review
 * that they come from has them. `open` names those that still wait for their test.
 */

export const excused: Readonly<Record<string, string>> = {
  L09: 'There is no such setting: the provider is asked who somebody is, not for access to an API.',
  S12: 'There is no older format, and nothing in pieces: the cookie is one token of constant length.',
  R20: 'Every row knows since when it has its refresh token, or has none.',
  R26: 'Nothing here looks at the heap before it refreshes.',
  O12: 'There is no such setting: the addresses are those of discovery.',
  I01: 'The provider’s access tokens are nobody’s credential here: they stay sealed in the row.',
  I02: 'As I01.',
  I03: 'As I01.',
  I04: 'As I01.',
  I05: 'As I01.',
  I10: 'As I01: what ends a session is its refresh, or back-channel logout.',
  M05: 'A bad token costs one MAC or signature and no store, and 128 bits are not guessed; what can be tried (secrets, sign-ins) is limited.',
  M06: 'As M05.',
  D08: 'The provider’s address is the operator’s setting, never a stranger’s; private ones are usual.',
  K08: 'A snapshot is put where it was missed, in that request’s own turn: no work is queued for it.',
  K10: 'A deployment has a database of its own; there is no prefix that two of them could share.',
  U03: 'A process has one configuration and one store.',
  U04: 'As U03.',
  G06: 'There is no dynamic registration: the operator registers Curfew at the provider.',
  G07: 'As G06.',
}

/** Beside the tests: where what holds here differs, or how far it reaches. */
export const remarks: Readonly<Record<string, string>> = {
  L04: 'The configured list is the whole list; nothing is added to it.',
  L08: 'The query is the default of `code`; another way is never asked for.',
  L14: 'Only Accept with text/html is a page: `*/*` is what scripts and command lines send.',
  C05: 'The second time leads on to the page, for it is the back button.',
  S13: 'The name is not configurable, but for its `__Host-` or `__Secure-`.',
  H02: 'There is no such mode: the configured headers are all that there are.',
  T07: 'Within the five minutes for which keys are believed.',
  D06: 'Other hosts are taken as the issuer names them: Google’s token endpoint is on one.',
  G03: 'The gateway and providers; the rest is shown where it is used.',
  S124: 'Over the workers of one server; each machine counts by itself.',
  N01: 'What may grow is bounded, which is tested; a day under load is for the benchmarks.',
}

/** Without a test yet, and who or what brings it. */
export const open: Readonly<Record<string, string>> = {}
