/*
 * The pages that a person meets on the way through sign-in and sign-out. Pure: values in, HTML and its
 * Content-Security-Policy out; no script, no request, nothing of another origin. It imports nothing of
 * other rooms. Each page takes its words as a second argument, English unless told otherwise. Start at
 * document.ts (what every page has), then html.ts (how text becomes HTML); the words: english.ts.
 */
export { accountPage, confirmAccountPage } from './account-page.ts'
export type { AccountDevice, AccountView, EndedDevice, Said } from './account-view.ts'
export { type Brand, plainBrand } from './brand.ts'
export { choicePage } from './choice-page.ts'
export { consoleLinkPage } from './console-link-page.ts'
export { continuePage } from './continue-page.ts'
export { decideDevicePage, deviceResultPage, enterCodePage } from './device-pages.ts'
export type { Page } from './document.ts'
export { endedPage } from './ended-page.ts'
export { errorPage, forbiddenPage, notFoundPage, unavailablePage } from './error-pages.ts'
export { frontChannelDonePage } from './front-channel-page.ts'
export { homePage } from './home-page.ts'
export { languages, textsFor } from './language.ts'
export { type Illegible, illegibleIn, leastContrast } from './legibility.ts'
export type { Look } from './look.ts'
export { confirmSignOutPage, signedOutPage } from './sign-out-pages.ts'
export type { AccountAct, DeviceResult, Texts } from './texts.ts'
