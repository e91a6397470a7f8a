import { programOf } from './account-device.ts'
import { linksOf } from './actions.ts'
import { type Page, pageOf } from './document.ts'
import { foreign } from './foreign.ts'
import { type Html, html } from './html.ts'
import { linkTarget } from './link.ts'
import { type Look, plainLook } from './look.ts'
import type { DeviceResult, Texts } from './texts.ts'

/** `action` is where the forms of these pages go, and where another code is entered. */
interface Shared {
  readonly action: string
}

/** Asks for the code; a QR code has filled it in. Nothing is looked up before the person goes on. */
export function enterCodePage(
  input: Shared & {
    readonly uid: string
    readonly userCode: string
    readonly problem: 'notACode' | 'unknown' | null
  },
  look: Look = plainLook,
): Page {
  const { device, confirm } = look.texts
  const { uid, userCode, problem } = input
  const wrong =
    problem === null ? null : html`<p class="warning" role="alert">${device[problem]}</p>`
  const content = html`<p>${confirm.signedInAs(foreign(uid))}</p>
<p>${device.enterText}</p>
${wrong}
<form method="post" action="${actionOf(input)}" autocomplete="off">
<label>${device.code}
<input class="code" name="user_code" value="${userCode}" maxlength="64" required autocapitalize="characters" spellcheck="false"></label>
<div class="actions"><button class="button first" name="step" value="scan">${device.goOn}</button></div>
</form>`
  return pageOf(look, { title: device.enterTitle, content, form: true })
}

/** Who asks, as it is known here and not as they say it, and the two ways to answer. */
export function decideDevicePage(
  input: Shared & {
    readonly userCode: string
    readonly clientId: string
    readonly ip: string | null
    readonly userAgent: string | null
    readonly scope: string
    readonly minutesAgo: number
    readonly ticked: boolean
  },
  look: Look = plainLook,
): Page {
  const { device } = look.texts
  const { userCode, clientId } = input
  const action = actionOf(input)
  const code = html`<input type="hidden" name="user_code" value="${userCode}">`
  const missed = input.ticked ? null : html`<p class="warning" role="alert">${device.tickFirst}</p>`
  const content = html`<p>${device.asks(foreign(clientId))}</p>
${factsOf(input, look.texts)}
<p class="warning">${device.warning}</p>
${missed}
<form class="actions" method="post" action="${action}" autocomplete="off">
${code}
<label class="tick"><input type="checkbox" name="same" value="yes" required>
<span>${device.sameCode(html`<code>${userCode}</code>`)}</span></label>
<button class="button first" name="step" value="approve">${device.approve}</button>
</form>
<form class="actions" method="post" action="${action}" autocomplete="off">
${code}
<button class="button" name="step" value="deny">${device.deny}</button>
</form>`
  return pageOf(look, { title: device.title, content, form: true })
}

export function deviceResultPage(
  input: Shared & { readonly result: DeviceResult },
  look: Look = plainLook,
): Page {
  const { device } = look.texts
  const { title, text } = device.results[input.result]
  const again = input.result === 'approved' || input.result === 'denied' ? null : input.action
  const content = html`<p>${text}</p>
${linksOf([{ label: device.other, url: again }])}`
  return pageOf(look, { title, content })
}

type Asking = Parameters<typeof decideDevicePage>[0]

function factsOf(asking: Asking, texts: Texts): Html {
  const { device } = texts
  const { clientId, ip, userAgent, scope, minutesAgo } = asking
  const facts = [
    [device.client, clientId],
    [device.address, ip],
    [device.program, userAgent === null ? null : programOf(userAgent, texts)],
    [device.time, device.ago(minutesAgo)],
    ...(scope === '' ? [] : [[device.scope, scope] as const]),
  ] as const
  const items = facts.map(
    ([name, value]) =>
      html`<dt>${name}</dt><dd>${value === null ? device.notKnown : foreign(value)}</dd>`,
  )
  return html`<dl>${items}</dl>`
}

/** @throws TypeError when the form would lead nowhere: a mistake of the caller, not of the input */
function actionOf({ action }: Shared): string {
  const target = linkTarget(action)
  if (target === null) throw new TypeError('the action of the device form is no address')
  return target
}
