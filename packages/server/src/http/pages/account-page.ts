import { deviceItem, nameOf } from './account-device.ts'
import { type AccountDevice, type AccountView, askUrl, type Said } from './account-view.ts'
import { linksOf } from './actions.ts'
import { type Page, pageOf } from './document.ts'
import { foreign } from './foreign.ts'
import { type Html, html } from './html.ts'
import { linkTarget } from './link.ts'
import { type Look, plainLook } from './look.ts'
import { reasonText } from './reason-text.ts'
import type { AccountAct } from './texts.ts'

export function accountPage(view: AccountView, look: Look = plainLook): Page {
  const { account, confirm } = look.texts
  const { said } = view
  const items = view.devices.map((device) => deviceItem(device, view, look.texts))
  const content = html`<p>${confirm.signedInAs(foreign(view.uid))}</p>
${said === null ? null : html`<p class="said" role="status">${saidText(said, account)}</p>`}
<p class="quiet">${account.text}</p>
<ul class="devices" role="list">${items}</ul>
${linksOf(
  [
    { label: account.more, url: view.moreUrl },
    { label: account.first, url: view.firstUrl },
  ],
  'plain',
)}
${linksOf(waysOut(view, look), 'plain')}
${latelyOf(view, look)}`
  return pageOf(look, { title: account.title, content, form: true, wide: true })
}

function saidText(said: Said, account: Look['texts']['account']): string {
  return said.kind === 'endedOthers' ? account.endedOthers(said.count) : account[said.kind]
}

function waysOut({ action, hasOthers }: AccountView, { texts: { account } }: Look) {
  const others = { label: account.signOutOthers, url: askUrl(action, 'others') }
  const all = { label: account.signOutAll, url: askUrl(action, 'all') }
  return hasOthers ? [others, all] : [all]
}

function latelyOf({ ended, now }: AccountView, { texts }: Look): Html | null {
  if (ended.length === 0) return null
  const items = ended.map((one) => {
    const ago = texts.account.ended(texts.times.ago(now - one.endedAt))
    return html`<li><p>${foreign(nameOf(one, texts))}</p>
<p class="quiet">${ago} ${reasonText(one.reason, texts)}</p></li>`
  })
  return html`<section class="lately"><h2>${texts.account.lately}</h2>
<ul role="list">${items}</ul></section>`
}

/**
 * Asks before anything ends.
 *
 * @throws TypeError when the form would lead nowhere: a mistake of the caller, not of the input
 */
export function confirmAccountPage(
  input: {
    readonly action: string
    readonly act: AccountAct
    /** For one alone. */
    readonly device: Pick<AccountDevice, 'sid' | 'name' | 'userAgent' | 'current'> | null
  },
  look: Look = plainLook,
): Page {
  const { account } = look.texts
  const { act, device } = input
  const action = linkTarget(input.action)
  if (action === null) throw new TypeError('the action of the account form is no address')
  const { title, button } = account.asks[act]
  const field =
    device === null ? null : html`<input type="hidden" name="sid" value="${device.sid}">`
  const content = html`<p>${askText(act, device, look)}</p>
<form class="actions" method="post" action="${action}" autocomplete="off">
${field}
<button class="button first" name="step" value="${act}">${button}</button>
</form>
${linksOf([{ label: account.back, url: action }], 'plain')}`
  return pageOf(look, { title, content, form: true })
}

function askText(
  act: AccountAct,
  device: Pick<AccountDevice, 'name' | 'userAgent' | 'current'> | null,
  { texts }: Look,
): Html | string {
  if (act === 'others') return texts.account.askOthers
  if (act === 'all' || device === null) return texts.account.askAll
  const asked = texts.account.askOne(foreign(nameOf(device, texts)))
  return device.current ? texts.account.askThis : asked
}
