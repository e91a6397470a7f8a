import { html } from './html.ts'
import type { Texts } from './texts.ts'

export const english: Texts = {
  lang: 'en',
  home: {
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
  confirm: {
    title: 'Sign out?',
    signedInAs: (uid) => html`You are signed in as ${uid}.`,
    text: 'Nothing has happened yet. To stay signed in, close this page.',
    signOut: 'Sign out',
  },
  signedOut: {
    title: 'You are signed out',
    text: 'Your session on this device has ended.',
    shared: 'If you share this device, close all windows of the browser as well.',
    signIn: 'Sign in again',
    goTo: (host) => html`Go to ${host}`,
    goBack: 'Go back',
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
  frontChannelDone: {
    title: 'Signed out',
  },
}
