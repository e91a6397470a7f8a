import type { Html } from './html.ts'

/** How a look at a device code ended. */
export type DeviceResult = 'approved' | 'denied' | 'expired' | 'decided' | 'taken'

/**
 * All words that the pages themselves say, in one language. Another language is one more file like
 * english.ts, handed to the page as its second argument.
 */
export interface Texts {
  /** BCP 47, for `<html lang>`. */
  readonly lang: string
  readonly home: {
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
  readonly confirm: {
    readonly title: string
    readonly signedInAs: (uid: Html) => Html
    readonly text: string
    readonly signOut: string
  }
  readonly signedOut: {
    readonly title: string
    readonly text: string
    readonly shared: string
    readonly signIn: string
    readonly goTo: (host: Html) => Html
    readonly goBack: string
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
  readonly frontChannelDone: {
    readonly title: string
  }
}

interface GoOn {
  readonly title: string
  readonly text: (application: Html) => Html
  readonly button: string
}
