import { linksOf } from './actions.ts'
import { type Page, pageOf } from './document.ts'
import { type Html, html } from './html.ts'
import { type Look, plainLook } from './look.ts'

/** The session is good and may not open this. `detail` says why, and what to do. */
export function forbiddenPage(
  input: {
    readonly detail: string
    readonly signOutUrl: string
    readonly reference: string | null
  },
  look: Look = plainLook,
): Page {
  const { texts } = look
  const { title, hint } = texts.forbidden
  const links = linksOf([{ label: texts.error.signOut, url: input.signOutUrl }])
  const content = html`<p>${input.detail}</p>
<p class="quiet">${hint}</p>
${links}`
  return pageOf(look, { title, content, foot: footOf(null, input.reference, texts) })
}

/** It cannot be told whether the session is good; nothing was concluded about it. */
export function unavailablePage(
  input: {
    readonly detail: string
    readonly retryUrl: string | null
    readonly reference: string | null
  },
  look: Look = plainLook,
): Page {
  const { texts } = look
  const { title, hint, reload } = texts.unavailable
  const links = linksOf([{ label: texts.error.tryAgain, url: input.retryUrl }])
  const content = html`<p>${input.detail}</p>
${links === null ? html`<p>${reload}</p>` : null}
<p class="quiet">${hint}</p>
${links}`
  return pageOf(look, { title, content, foot: footOf(null, input.reference, texts) })
}

/** Any other failure on the way. `title` says what happened, `text` what to do now. */
export function errorPage(
  input: {
    readonly status: number
    readonly title: string
    readonly text: string
    readonly retryUrl: string | null
    /** Otherwise the same again. */
    readonly retryWith?: 'anotherAccount'
    readonly signOutUrl?: string | null
    readonly reference: string | null
  },
  look: Look = plainLook,
): Page {
  const { texts } = look
  const { status, title, retryUrl, signOutUrl = null, reference } = input
  const { tryAgain, signOut, deadEnd } = texts.error
  const links = linksOf([
    {
      label: input.retryWith === undefined ? tryAgain : texts.error[input.retryWith],
      url: retryUrl,
    },
    { label: signOut, url: signOutUrl },
  ])
  const content = html`<p>${input.text}</p>
${links ?? html`<p class="quiet">${deadEnd}</p>`}`
  return pageOf(look, { title, content, foot: footOf(status, reference, texts) })
}

/** An address that leads nowhere: mistyped, or of an older page. */
export function notFoundPage(homeUrl: string, look: Look = plainLook): Page {
  const { texts } = look
  const { title, text, home } = texts.notFound
  const content = html`<p>${text}</p>
${linksOf([{ label: home, url: homeUrl }])}`
  return pageOf(look, { title, content, foot: footOf(404, null, texts) })
}

/** What only the administrator needs, in one small line. */
function footOf(
  status: number | null,
  reference: string | null,
  { error }: Look['texts'],
): Html | null {
  if (status === null && reference === null) return null
  const code = reference === null ? null : error.reference(html`<code>${reference}</code>`)
  return html`<p>${status === null ? null : html`${error.status(status)} `}${code}</p>`
}
