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
  frontChannelDone: {
    title: 'Signed out',
  },
}
