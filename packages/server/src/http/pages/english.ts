import { html } from './html.ts'
import type { Texts } from './texts.ts'
import { timesOf } from './times.ts'

const systems = {
  windows: 'Windows',
  mac: 'a Mac',
  macOrIpad: 'a Mac or iPad',
  iphone: 'an iPhone',
  ipad: 'an iPad',
  android: 'Android',
  chromebook: 'a Chromebook',
  linux: 'Linux',
}

export const english: Texts = {
  lang: 'en',
  times: timesOf('en-GB', 'just now'),
  home: {
    devices: 'Your devices',
    console: 'Console',
    titleIn: 'You are signed in',
    titleOut: 'You are not signed in',
    nobody: 'Sign in here, or open the application that you want to use.',
    signIn: 'Sign in',
  },
  choice: {
    title: 'Sign in',
    text: 'Choose the account that you want to sign in with.',
    signInWith: (name) => html`Sign in with ${name}`,
    none: 'No way to sign in is set up here. Tell your administrator.',
  },
  goOn: {
    done: {
      title: 'Go on in the application',
      text: (application) => html`You are signed in. ${application} is waiting for you.`,
      button: 'Continue',
    },
    failed: {
      title: 'You are not signed in',
      text: (application) => html`The sign-in for ${application} was not finished.`,
      button: 'Back to the application',
    },
    signedOut: {
      title: 'You are signed out',
      text: (application) => html`Your session of ${application} has ended.`,
      button: 'Back to the application',
    },
    stranger: (where) =>
      html`This opens ${where} on this device. If you did not come from there, close this page.`,
  },
  consoleLink: {
    title: 'Open the console?',
    text: (uid) => html`This browser will be signed in as ${uid}.`,
    once: 'The link works once. If you did not ask for it yourself, close this page.',
    signIn: 'Sign in',
  },
  console: {
    forAdministrators: (uid) =>
      `The console is for administrators, and you are signed in as ${uid}. The configuration names the administrators, under users.`,
    byLink: {
      title: 'Sign in by a link',
      text: 'Run curfew admin link UID where Curfew runs, with the user id of an administrator, and open the link that it prints.',
    },
    notBuilt: {
      title: 'The console is not built yet',
      text: 'Run npm ci in the repository, which builds it, then load this page again. Everything but the console works without it.',
    },
    linkOver: {
      title: 'This link is over',
      text: 'A link works once, for five minutes, and not after a sign-out everywhere. Run curfew admin link UID again.',
    },
  },
  confirm: {
    title: 'Sign out?',
    signedInAs: (uid) => html`You are signed in as ${uid}.`,
    text: 'Nothing has happened yet. To stay signed in, close this page.',
    signOut: 'Sign out',
  },
  ended: {
    title: 'You were signed out',
    text: 'You will come back to where you were.',
  },
  signedOut: {
    title: 'You are signed out',
    text: 'Your session on this device has ended.',
    shared: 'If you share this device, close all windows of the browser as well.',
    signIn: 'Sign in again',
    goTo: (host) => html`Go to ${host}`,
    goBack: 'Go back',
  },
  notFound: {
    title: 'There is no such page',
    text: 'The address may be mistyped, or the page may have moved.',
    home: 'Go to the start page',
  },
  forbidden: {
    title: 'No access',
    hint: 'If you should have access, ask your administrator.',
  },
  unavailable: {
    title: 'Not available just now',
    hint: 'If it stays like this, tell your administrator.',
    reload: 'Load this page again in a few seconds.',
  },
  error: {
    tryAgain: 'Try again',
    anotherAccount: 'Sign in with another account',
    signOut: 'Sign out',
    deadEnd: 'Go back to where you came from, or close this page.',
    status: (status) => `Error ${status}.`,
    reference: (reference) => html`Reference ${reference}, tell it to your administrator.`,
  },
  device: {
    enterTitle: 'Sign another device in',
    enterText: 'Enter the code that the other device shows you right now.',
    code: 'Code',
    goOn: 'Continue',
    notACode: 'A code has ten letters, such as BCDFG-HJKLM.',
    unknown: 'This code is not known, or it has expired. Look at the other device again.',
    title: 'Sign this device in?',
    asks: (client) => html`${client} asks to be signed in as you.`,
    client: 'Application',
    address: 'Network address',
    program: 'Program',
    time: 'Asked',
    scope: 'Wants to see',
    notKnown: 'not known',
    ago: (minutes) =>
      minutes < 1 ? 'just now' : minutes === 1 ? 'a minute ago' : `${minutes} minutes ago`,
    warning:
      'Approve only a device that is in front of your own eyes. If somebody sent you this code or link, press Deny: they would be signed in as you.',
    sameCode: (code) => html`The screen in front of me shows ${code}.`,
    tickFirst: 'Compare the code and tick the box first. Nothing has happened yet.',
    approve: 'Approve',
    deny: 'Deny',
    other: 'Enter another code',
    results: {
      approved: {
        title: 'Approved',
        text: 'The other device is being signed in. You can close this page.',
      },
      denied: {
        title: 'Denied',
        text: 'The other device is not signed in. If you did not start this yourself, tell your administrator.',
      },
      expired: {
        title: 'The code has expired',
        text: 'Nothing has happened. Let the other device show a new code.',
      },
      decided: {
        title: 'This code was used before',
        text: 'It has been approved or denied already, and nothing has changed. Let the other device show a new code.',
      },
      taken: {
        title: 'Somebody else has this code',
        text: 'Another session has looked at it first, and nothing has changed. Let the other device show a new code.',
      },
    },
  },
  problem: (_code, english) => english,
  notAllowed: (english) => english,
  notReachable: (english) => english,
  account: {
    title: 'Your devices',
    text: 'This is everywhere that you are signed in. Sign out what you do not know or no longer use.',
    thisOne: 'This device',
    unnamed: 'Device without a name',
    name: 'Name',
    rename: 'Rename',
    save: 'Save',
    badName: 'A name has at most 512 characters, all on one line. Nothing has changed.',
    program: 'Program',
    runsOn: (browser, system) => `${browser} on ${systems[system]}`,
    application: 'Signed in to',
    websites: 'Websites',
    kind: 'Kind',
    kinds: { web: 'Browser', app: 'App', pc: 'Computer' },
    address: 'Network address',
    notKnown: 'not known',
    signedIn: 'Signed in',
    lastUsed: 'Last used',
    approved: 'Approved by you',
    approvedBy: (device) => html`with ${device}`,
    approvedByOther: 'with another device',
    signOut: 'Sign out',
    signOutOf: (device) => `Sign out: ${device}`,
    renameOf: (device) => `Rename: ${device}`,
    signOutOthers: 'Sign out all other devices',
    signOutAll: 'Sign out everywhere',
    more: 'More devices',
    first: 'Back to the first devices',
    back: 'Back to your devices',
    lately: 'Signed out lately',
    ended: (ago) => `Signed out ${ago}.`,
    asks: {
      one: { title: 'Sign this device out?', button: 'Sign out' },
      others: { title: 'Sign out all other devices?', button: 'Sign out all others' },
      all: { title: 'Sign out everywhere?', button: 'Sign out everywhere' },
    },
    askOne: (device) => html`${device} will have to sign in again.`,
    askThis: 'It is the device in front of you: you will have to sign in again.',
    askOthers: 'You stay signed in here. Every other device will have to sign in again.',
    askAll: 'Every device will have to sign in again, also the one in front of you.',
    renamed: 'The name is saved.',
    endedOne: 'The device is signed out.',
    already: 'That device was signed out already.',
    endedOthers: (count) =>
      count === 0
        ? 'No other device was signed in.'
        : count === 1
          ? 'One other device is signed out.'
          : `${count} other devices are signed out.`,
  },
  reasons: {
    user_logout: 'You signed out.',
    user_logout_all: 'You signed out everywhere.',
    user_logout_others: 'You signed out all other devices from another one.',
    admin_revoke: 'An administrator ended the session.',
    superseded: 'You signed in again, and only the newer session stays.',
    device_limit: 'You signed in on more devices than are allowed, and the oldest was signed out.',
    refresh_reuse:
      'A key of this session was used twice. It may have been copied, so the session was ended to protect you.',
    idp_logout: 'You were signed out at your sign-in service.',
    idp_refused: 'Your sign-in service no longer confirms this sign-in.',
    user_disabled: 'Your account was disabled.',
    restored: 'All sessions ended when the service was restored from a backup.',
    expired: 'The session was not used for too long, or had reached its longest time.',
  },
  otherReason: (reason) => html`An administrator ended the session. The reason given is ${reason}.`,
  frontChannelDone: {
    title: 'Signed out',
  },
}
