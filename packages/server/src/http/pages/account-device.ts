import { type AccountDevice, type AccountView, askUrl } from './account-view.ts'
import { agentOf, shortened } from './agent.ts'
import { foreign } from './foreign.ts'
import { type Html, html } from './html.ts'
import type { Texts } from './texts.ts'

/** What its owner calls it, or else what it is. */
export function nameOf(
  { name, userAgent }: Pick<AccountDevice, 'name' | 'userAgent'>,
  texts: Texts,
): string {
  return name ?? (userAgent === null ? texts.account.unnamed : programOf(userAgent, texts))
}

/** What it says of itself, in words where they are known. */
export function programOf(userAgent: string, { account }: Texts): string {
  const agent = agentOf(userAgent)
  if (agent === null) return shortened(userAgent)
  return agent.system === null ? agent.browser : account.runsOn(agent.browser, agent.system)
}

export function deviceItem(device: AccountDevice, view: AccountView, texts: Texts): Html {
  const { account } = texts
  const name = nameOf(device, texts)
  const mark = device.current ? html` <span class="badge">${account.thisOne}</span>` : null
  return html`<li>
<h2>${foreign(name)}${mark}</h2>
<dl class="facts">${factsOf(device, view.now, texts)}</dl>
<div class="row">
${renameForm(device, view, texts)}
<a class="small" href="${askUrl(view.action, 'one', device.sid)}" aria-label="${account.signOutOf(name)}">${account.signOut}</a>
</div>
</li>`
}

function factsOf(device: AccountDevice, now: number, texts: Texts): readonly Html[] {
  const { account } = texts
  const { name, userAgent, client, ip } = device
  const known = account.kinds as Readonly<Record<string, string>>
  const kind = Object.hasOwn(known, device.kind) ? known[device.kind] : undefined
  const facts: readonly (readonly [string, Html | string])[] = [
    // Without a name of its own it is called by its program already.
    ...(name === null || userAgent === null
      ? []
      : [[account.program, foreign(programOf(userAgent, texts))] as const]),
    [account.application, client === null ? account.websites : foreign(client)],
    [account.kind, kind ?? foreign(device.kind)],
    [account.address, ip === null ? account.notKnown : foreign(ip)],
    [account.signedIn, timeOf(device.signedInAt, now, texts)],
    [account.lastUsed, timeOf(device.lastUsedAt, now, texts)],
    ...approvalOf(device, texts),
  ]
  return facts.map(([term, fact]) => html`<div><dt>${term}</dt><dd>${fact}</dd></div>`)
}

function approvalOf({ approvedWith }: AccountDevice, { account }: Texts) {
  if (approvedWith === null) return []
  const { name } = approvedWith
  const by = name === null ? account.approvedByOther : account.approvedBy(foreign(name))
  return [[account.approved, by] as const]
}

/** How long ago in words, and the exact moment for whoever wants to know. */
function timeOf(instant: number, now: number, { times }: Texts): Html {
  const exact = times.at(instant)
  return html`${times.ago(Math.max(0, now - instant))}<br><time class="quiet" datetime="${new Date(instant).toISOString()}">${exact}</time>`
}

function renameForm(device: AccountDevice, view: AccountView, texts: Texts): Html {
  const { account } = texts
  const refused = view.refused?.sid === device.sid ? view.refused : null
  const warning =
    refused === null ? null : html`<p class="warning" role="alert">${account.badName}</p>`
  const value = refused?.typed ?? device.name ?? ''
  return html`<details${refused === null ? null : html` open`}>
<summary aria-label="${account.renameOf(nameOf(device, texts))}">${account.rename}</summary>
<form method="post" action="${view.action}" autocomplete="off">
${warning}
<input type="hidden" name="sid" value="${device.sid}">
<label>${account.name}
<input class="field" name="device_name" value="${value}" maxlength="512"></label>
<button class="small button" name="step" value="rename">${account.save}</button>
</form>
</details>`
}
