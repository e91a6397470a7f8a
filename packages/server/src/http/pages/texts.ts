import type { Html } from './html.ts'

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
  readonly frontChannelDone: {
    readonly title: string
  }
}

interface GoOn {
  readonly title: string
  readonly text: (application: Html) => Html
  readonly button: string
}
