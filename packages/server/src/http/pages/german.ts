import { germanProblem } from './german-problems.ts'
import { html } from './html.ts'
import type { Texts } from './texts.ts'
import { timesOf } from './times.ts'

const systems = {
  windows: 'unter Windows',
  mac: 'auf einem Mac',
  macOrIpad: 'auf einem Mac oder iPad',
  iphone: 'auf einem iPhone',
  ipad: 'auf einem iPad',
  android: 'unter Android',
  chromebook: 'auf einem Chromebook',
  linux: 'unter Linux',
}

export const german: Texts = {
  lang: 'de',
  times: timesOf('de', 'gerade eben'),
  home: {
    devices: 'Ihre Geräte',
    console: 'Konsole',
    titleIn: 'Sie sind angemeldet',
    titleOut: 'Sie sind nicht angemeldet',
    nobody: 'Melden Sie sich hier an, oder öffnen Sie die Anwendung, die Sie nutzen möchten.',
    signIn: 'Anmelden',
  },
  choice: {
    title: 'Anmelden',
    text: 'Wählen Sie das Konto, mit dem Sie sich anmelden möchten.',
    signInWith: (name) => html`Mit ${name} anmelden`,
    none: 'Hier ist noch keine Anmeldung eingerichtet. Bitte wenden Sie sich an Ihre Administration.',
  },
  goOn: {
    done: {
      title: 'Weiter in der Anwendung',
      text: (application) => html`Sie sind angemeldet. ${application} wartet auf Sie.`,
      button: 'Weiter',
    },
    failed: {
      title: 'Sie sind nicht angemeldet',
      text: (application) => html`Die Anmeldung für ${application} wurde nicht abgeschlossen.`,
      button: 'Zurück zur Anwendung',
    },
    signedOut: {
      title: 'Sie sind abgemeldet',
      text: (application) => html`Ihre Sitzung in ${application} ist beendet.`,
      button: 'Zurück zur Anwendung',
    },
    stranger: (where) =>
      html`Damit öffnen Sie ${where} auf diesem Gerät. Wenn Sie nicht von dort gekommen sind, schließen Sie diese Seite.`,
  },
  consoleLink: {
    title: 'Konsole öffnen?',
    text: (uid) => html`Dieser Browser wird als ${uid} angemeldet.`,
    once: 'Der Link gilt einmal. Wenn Sie ihn nicht selbst angefordert haben, schließen Sie diese Seite.',
    signIn: 'Anmelden',
  },
  console: {
    forAdministrators: (uid) =>
      `Die Konsole ist für Administratoren, und Sie sind als ${uid} angemeldet. Die Konfiguration nennt die Administratoren, unter users.`,
    byLink: {
      title: 'Melden Sie sich mit einem Link an',
      text: 'Rufen Sie dort, wo Curfew läuft, curfew admin link UID mit der Kennung eines Administrators auf, und öffnen Sie den ausgegebenen Link.',
    },
    notBuilt: {
      title: 'Die Konsole ist noch nicht gebaut',
      text: 'Rufen Sie im Repository npm ci auf, das sie baut, und laden Sie diese Seite neu. Alles andere funktioniert auch ohne die Konsole.',
    },
    linkOver: {
      title: 'Dieser Link gilt nicht mehr',
      text: 'Ein Link gilt einmal, fünf Minuten lang, und nicht nach einer Abmeldung auf allen Geräten. Rufen Sie curfew admin link UID erneut auf.',
    },
  },
  confirm: {
    title: 'Abmelden?',
    signedInAs: (uid) => html`Sie sind als ${uid} angemeldet.`,
    text: 'Noch ist nichts geschehen. Wenn Sie angemeldet bleiben möchten, schließen Sie diese Seite.',
    signOut: 'Abmelden',
  },
  ended: {
    title: 'Sie wurden abgemeldet',
    text: 'Sie kommen danach dorthin zurück, wo Sie waren.',
  },
  signedOut: {
    title: 'Sie sind abgemeldet',
    text: 'Ihre Sitzung auf diesem Gerät ist beendet.',
    shared:
      'Wenn auch andere dieses Gerät benutzen, schließen Sie zusätzlich alle Fenster des Browsers.',
    signIn: 'Wieder anmelden',
    goTo: (host) => html`Zu ${host}`,
    goBack: 'Zurück',
  },
  notFound: {
    title: 'Diese Seite gibt es nicht',
    text: 'Vielleicht ist die Adresse falsch geschrieben, oder die Seite ist umgezogen.',
    home: 'Zur Startseite',
  },
  forbidden: {
    title: 'Kein Zugriff',
    hint: 'Wenn Sie Zugriff haben sollten, wenden Sie sich an Ihre Administration.',
  },
  unavailable: {
    title: 'Zurzeit nicht erreichbar',
    hint: 'Wenn es dabei bleibt, wenden Sie sich an Ihre Administration.',
    reload: 'Laden Sie diese Seite in ein paar Sekunden noch einmal.',
  },
  error: {
    tryAgain: 'Noch einmal versuchen',
    anotherAccount: 'Mit einem anderen Konto anmelden',
    signOut: 'Abmelden',
    deadEnd: 'Gehen Sie dorthin zurück, woher Sie gekommen sind, oder schließen Sie diese Seite.',
    status: (status) => `Fehler ${status}.`,
    reference: (reference) =>
      html`Kennung ${reference}: Nennen Sie diese bei Fragen Ihrer Administration.`,
  },
  device: {
    enterTitle: 'Ein anderes Gerät anmelden',
    enterText: 'Geben Sie den Code ein, den das andere Gerät gerade anzeigt.',
    code: 'Code',
    goOn: 'Weiter',
    notACode: 'Ein Code hat zehn Buchstaben, zum Beispiel BCDFG-HJKLM.',
    unknown:
      'Dieser Code ist nicht bekannt oder abgelaufen. Sehen Sie noch einmal auf dem anderen Gerät nach.',
    title: 'Dieses Gerät anmelden?',
    asks: (client) => html`${client} möchte in Ihrem Namen angemeldet werden.`,
    client: 'Anwendung',
    address: 'Netzwerkadresse',
    program: 'Programm',
    time: 'Angefragt',
    scope: 'Möchte sehen',
    notKnown: 'nicht bekannt',
    ago: (minutes) =>
      minutes < 1 ? 'gerade eben' : minutes === 1 ? 'vor einer Minute' : `vor ${minutes} Minuten`,
    warning:
      'Stimmen Sie nur zu, wenn Sie das Gerät vor sich sehen. Wenn Ihnen jemand diesen Code oder Link geschickt hat, lehnen Sie ab: Diese Person wäre sonst in Ihrem Namen angemeldet.',
    sameCode: (code) => html`Der Bildschirm vor mir zeigt ${code}.`,
    tickFirst:
      'Vergleichen Sie zuerst den Code und setzen Sie das Häkchen. Noch ist nichts geschehen.',
    approve: 'Zustimmen',
    deny: 'Ablehnen',
    other: 'Anderen Code eingeben',
    results: {
      approved: {
        title: 'Zugestimmt',
        text: 'Das andere Gerät wird angemeldet. Sie können diese Seite schließen.',
      },
      denied: {
        title: 'Abgelehnt',
        text: 'Das andere Gerät ist nicht angemeldet. Wenn die Anfrage nicht von Ihnen kam, melden Sie sich bei Ihrer Administration.',
      },
      expired: {
        title: 'Der Code ist abgelaufen',
        text: 'Es ist nichts geschehen. Lassen Sie das andere Gerät einen neuen Code anzeigen.',
      },
      decided: {
        title: 'Dieser Code wurde schon benutzt',
        text: 'Über ihn ist bereits entschieden, und es hat sich nichts geändert. Lassen Sie das andere Gerät einen neuen Code anzeigen.',
      },
      taken: {
        title: 'Diesen Code hat schon jemand anderes',
        text: 'Eine andere Sitzung hat ihn zuerst geöffnet, und es hat sich nichts geändert. Lassen Sie das andere Gerät einen neuen Code anzeigen.',
      },
    },
  },
  problem: (code) => germanProblem(code),
  notAllowed: () => 'Diese Seite lässt sich mit Ihrer jetzigen Anmeldung nicht öffnen.',
  notReachable: () =>
    'Ob Ihre Sitzung gültig ist, lässt sich gerade nicht feststellen. Sie wurden nicht abgemeldet.',
  account: {
    title: 'Ihre Geräte',
    text: 'Hier sind Sie überall angemeldet. Melden Sie ab, was Sie nicht kennen oder nicht mehr benutzen.',
    thisOne: 'Dieses Gerät',
    unnamed: 'Gerät ohne Namen',
    name: 'Name',
    rename: 'Umbenennen',
    save: 'Speichern',
    badName: 'Ein Name hat höchstens 512 Zeichen in einer Zeile. Es hat sich nichts geändert.',
    program: 'Programm',
    runsOn: (browser, system) => `${browser} ${systems[system]}`,
    application: 'Angemeldet bei',
    websites: 'Websites',
    kind: 'Art',
    kinds: { web: 'Browser', app: 'App', pc: 'Computer' },
    address: 'Netzwerkadresse',
    notKnown: 'nicht bekannt',
    signedIn: 'Angemeldet',
    lastUsed: 'Zuletzt benutzt',
    approved: 'Von Ihnen zugelassen',
    approvedBy: (device) => html`mit ${device}`,
    approvedByOther: 'mit einem anderen Gerät',
    signOut: 'Abmelden',
    signOutOf: (device) => `Abmelden: ${device}`,
    renameOf: (device) => `Umbenennen: ${device}`,
    signOutOthers: 'Alle anderen Geräte abmelden',
    signOutAll: 'Überall abmelden',
    more: 'Weitere Geräte',
    first: 'Zurück zu den ersten Geräten',
    back: 'Zurück zu Ihren Geräten',
    lately: 'Kürzlich abgemeldet',
    ended: (ago) => `Abgemeldet ${ago}.`,
    asks: {
      one: { title: 'Dieses Gerät abmelden?', button: 'Abmelden' },
      others: { title: 'Alle anderen Geräte abmelden?', button: 'Alle anderen abmelden' },
      all: { title: 'Überall abmelden?', button: 'Überall abmelden' },
    },
    askOne: (device) => html`Auf ${device} ist danach eine neue Anmeldung nötig.`,
    askThis: 'Es ist das Gerät, das Sie gerade benutzen: Sie müssen sich danach neu anmelden.',
    askOthers:
      'Hier bleiben Sie angemeldet. Auf jedem anderen Gerät ist danach eine neue Anmeldung nötig.',
    askAll:
      'Auf jedem Gerät ist danach eine neue Anmeldung nötig, auch auf dem, das Sie gerade benutzen.',
    renamed: 'Der Name ist gespeichert.',
    endedOne: 'Das Gerät ist abgemeldet.',
    already: 'Das Gerät war bereits abgemeldet.',
    endedOthers: (count) =>
      count === 0
        ? 'Es war kein anderes Gerät angemeldet.'
        : count === 1
          ? 'Ein anderes Gerät ist abgemeldet.'
          : `${count} andere Geräte sind abgemeldet.`,
  },
  reasons: {
    user_logout: 'Sie haben sich abgemeldet.',
    user_logout_all: 'Sie haben sich überall abgemeldet.',
    user_logout_others: 'Sie haben von einem anderen Gerät aus alle übrigen abgemeldet.',
    admin_revoke: 'Die Administration hat die Sitzung beendet.',
    superseded: 'Sie haben sich erneut angemeldet, und nur die neuere Sitzung bleibt bestehen.',
    device_limit:
      'Sie haben sich auf mehr Geräten angemeldet als erlaubt. Das älteste wurde abgemeldet.',
    refresh_reuse:
      'Ein Schlüssel dieser Sitzung wurde zweimal benutzt. Er könnte kopiert worden sein; die Sitzung wurde zu Ihrem Schutz beendet.',
    idp_logout: 'Sie wurden bei Ihrem Anmeldedienst abgemeldet.',
    idp_refused: 'Ihr Anmeldedienst bestätigt diese Anmeldung nicht mehr.',
    user_disabled: 'Ihr Konto wurde gesperrt.',
    restored:
      'Alle Sitzungen wurden beendet, als der Dienst aus einer Sicherung wiederhergestellt wurde.',
    expired: 'Die Sitzung wurde zu lange nicht benutzt oder hatte ihre längste Dauer erreicht.',
  },
  otherReason: (reason) =>
    html`Die Administration hat die Sitzung beendet. Als Grund ist ${reason} angegeben.`,
  frontChannelDone: {
    title: 'Abgemeldet',
  },
}
