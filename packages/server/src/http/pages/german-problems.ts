import type { ProblemText } from './texts.ts'

/** What people meet on their way through sign-in and sign-out; everything else is told in one way. */
const problems = {
  return_to_refused: {
    title: 'Dorthin führt von hier kein Weg',
    text: 'Die Adresse, zu der Sie zurück möchten, gehört nicht zu diesem Dienst. Öffnen Sie die gewünschte Seite noch einmal.',
  },
  redirect_uri_refused: {
    title: 'Die Anwendung ist dort nicht eingetragen',
    text: 'Die Anwendung hat eine Adresse genannt, die für sie nicht eingetragen ist. Wenden Sie sich an Ihre Administration.',
  },
  request_uri_refused: {
    title: 'Die Anfrage der Anwendung ist nicht bekannt',
    text: 'Sie ist abgelaufen oder wurde schon benutzt. Beginnen Sie in der Anwendung noch einmal.',
  },
  unknown_client: {
    title: 'Die Anwendung ist nicht bekannt',
    text: 'Für diese Anwendung ist hier nichts eingerichtet. Wenden Sie sich an Ihre Administration.',
  },
  unknown_provider: {
    title: 'Diese Anmeldung gibt es hier nicht',
    text: 'Wählen Sie eine andere Anmeldung, oder wenden Sie sich an Ihre Administration.',
  },
  sign_in_invalid: {
    title: 'Die Anmeldung lässt sich nicht abschließen',
    text: 'Sie wurde abgebrochen, hat zu lange gedauert oder ist schon abgeschlossen. Beginnen Sie noch einmal.',
  },
  sign_in_failed: {
    title: 'Die Anmeldung ist fehlgeschlagen',
    text: 'Der Anmeldedienst hat einen Fehler gemeldet. Versuchen Sie es noch einmal; wenn es dabei bleibt, wenden Sie sich an Ihre Administration.',
  },
  sign_in_denied: {
    title: 'Die Anmeldung wurde abgelehnt',
    text: 'Dieses Konto kann hier zurzeit nicht angemeldet werden.',
  },
  sign_in_loop: {
    title: 'Die Anmeldung dreht sich im Kreis',
    text: 'Sie haben sich mehrmals angemeldet und wurden jedes Mal zurückgeschickt. Wenden Sie sich an Ihre Administration.',
  },
  provider_unavailable: {
    title: 'Der Anmeldedienst ist nicht erreichbar',
    text: 'Versuchen Sie es in einer Minute noch einmal.',
  },
  cross_site: {
    title: 'Die Anfrage kam von einer anderen Website',
    text: 'Es hat sich nichts geändert. Öffnen Sie die gewünschte Seite noch einmal selbst.',
  },
  not_found: {
    title: 'Das gibt es hier nicht',
    text: 'Es ist nicht vorhanden, oder es gehört nicht Ihnen.',
  },
  rate_limited: {
    title: 'Zu viele Anfragen',
    text: 'Warten Sie einen Augenblick und versuchen Sie es dann noch einmal.',
  },
  unavailable: {
    title: 'Zurzeit nicht erreichbar',
    text: 'Der Dienst kann gerade nicht antworten. Es hat sich nichts geändert.',
  },
} as const satisfies Record<string, ProblemText>

const other: ProblemText = {
  title: 'Das hat nicht funktioniert',
  text: 'Die Anfrage konnte nicht bearbeitet werden. Beginnen Sie noch einmal.',
}

export function germanProblem(code: string): ProblemText {
  return Object.hasOwn(problems, code) ? problems[code as keyof typeof problems] : other
}
