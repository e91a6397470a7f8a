import type { System } from './agent.ts'
import type { Html } from './html.ts'
import type { Times } from './times.ts'

/** How a look at a device code ended. */
export type DeviceResult = 'approved' | 'denied' | 'expired' | 'decided' | 'taken'

/** The reasons that Curfew itself gives for the end of a session (API.md, section 5). */
export type KnownReason =
  | 'user_logout'
  | 'user_logout_all'
  | 'user_logout_others'
  | 'admin_revoke'
  | 'superseded'
  | 'device_limit'
  | 'refresh_reuse'
  | 'idp_logout'
  | 'idp_refused'
  | 'user_disabled'
  | 'restored'
  | 'expired'

/** What a person may ask of the account page, and has to confirm. */
export type AccountAct = 'one' | 'others' | 'all'

/**
 * All words that the pages themselves say, in one language. Another language is one more file like
 * english.ts, handed to the page as its second argument.
 */
export interface Texts {
  /** BCP 47, for `<html lang>`. */
  readonly lang: string
  readonly times: Times
  readonly home: {
    readonly devices: string
    readonly console: string
    readonly titleIn: string
    readonly titleOut: string
    readonly nobody: string
    readonly signIn: string
  }
  readonly choice: {
    readonly title: string
    readonly text: string
    readonly signInWith: (name: Html) => Html
    readonly none: string
  }
  readonly goOn: {
    readonly done: GoOn
    readonly failed: GoOn
    readonly signedOut: GoOn
    readonly stranger: (where: Html) => Html
  }
  readonly consoleLink: {
    readonly title: string
    readonly text: (uid: Html) => Html
    readonly once: string
    readonly signIn: string
  }
  readonly console: {
    readonly forAdministrators: (uid: string) => string
    readonly byLink: { readonly title: string; readonly text: string }
    readonly notBuilt: { readonly title: string; readonly text: string }
    readonly linkOver: { readonly title: string; readonly text: string }
  }
  readonly confirm: {
    readonly title: string
    readonly signedInAs: (uid: Html) => Html
    readonly text: string
    readonly signOut: string
  }
  /** Somebody or something else than the person ended the session. */
  readonly ended: {
    readonly title: string
    readonly text: string
  }
  readonly signedOut: {
    readonly title: string
    readonly text: string
    readonly shared: string
    readonly signIn: string
    readonly goTo: (host: Html) => Html
    readonly goBack: string
  }
  readonly notFound: {
    readonly title: string
    readonly text: string
    readonly home: string
  }
  readonly forbidden: {
    readonly title: string
    readonly hint: string
  }
  readonly unavailable: {
    readonly title: string
    readonly hint: string
    readonly reload: string
  }
  readonly error: {
    readonly tryAgain: string
    readonly anotherAccount: string
    readonly signOut: string
    readonly deadEnd: string
    readonly status: (status: number) => string
    readonly reference: (reference: Html) => Html
  }
  readonly device: {
    readonly enterTitle: string
    readonly enterText: string
    readonly code: string
    readonly goOn: string
    readonly notACode: string
    readonly unknown: string
    readonly title: string
    readonly asks: (client: Html) => Html
    readonly client: string
    readonly address: string
    readonly program: string
    readonly time: string
    readonly scope: string
    readonly notKnown: string
    readonly ago: (minutes: number) => string
    readonly warning: string
    readonly sameCode: (code: Html) => Html
    readonly tickFirst: string
    readonly approve: string
    readonly deny: string
    readonly other: string
    readonly results: Readonly<
      Record<DeviceResult, { readonly title: string; readonly text: string }>
    >
  }
  /** What to say of a problem of problems.ts that is told in English to programs. */
  readonly problem: (code: string, english: ProblemText) => ProblemText
  /** Why the gateway does not let somebody in; it says so in English. */
  readonly notAllowed: (english: string) => string
  readonly notReachable: (english: string) => string
  readonly account: AccountTexts
  readonly reasons: Readonly<Record<KnownReason, string>>
  /** One that an administrator gave, such as `stolen`. */
  readonly otherReason: (reason: Html) => Html
  readonly frontChannelDone: {
    readonly title: string
  }
}

export interface ProblemText {
  readonly title: string
  readonly text: string
}

interface GoOn {
  readonly title: string
  readonly text: (application: Html) => Html
  readonly button: string
}

interface AccountTexts {
  readonly title: string
  readonly text: string
  readonly thisOne: string
  readonly unnamed: string
  readonly name: string
  readonly rename: string
  readonly save: string
  readonly badName: string
  readonly program: string
  readonly runsOn: (browser: string, system: System) => string
  readonly application: string
  readonly websites: string
  readonly kind: string
  /** Of the device classes that are there unless the configuration has others. */
  readonly kinds: Readonly<Record<'web' | 'app' | 'pc', string>>
  readonly address: string
  readonly notKnown: string
  readonly signedIn: string
  readonly lastUsed: string
  readonly approved: string
  readonly approvedBy: (device: Html) => Html
  readonly approvedByOther: string
  readonly signOut: string
  /** What a screen reader says of several buttons with one word. */
  readonly signOutOf: (device: string) => string
  readonly renameOf: (device: string) => string
  readonly signOutOthers: string
  readonly signOutAll: string
  readonly more: string
  readonly first: string
  readonly back: string
  readonly lately: string
  readonly ended: (ago: string) => string
  readonly asks: Readonly<Record<AccountAct, { readonly title: string; readonly button: string }>>
  readonly askOne: (device: Html) => Html
  readonly askThis: string
  readonly askOthers: string
  readonly askAll: string
  readonly renamed: string
  readonly endedOne: string
  readonly already: string
  readonly endedOthers: (count: number) => string
}
