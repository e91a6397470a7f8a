import { list, oneOf, secretText, section, text, url } from './vocabulary.ts'

const webhookEvents = ['session.started', 'session.ended'] as const

export const webhooksSchema = list(
  section(
    {
      url: url({ description: 'Where events are sent: http or https.' }),
      secret: secretText({ description: 'Signs them (Standard Webhooks).', sample: 'sample' }),
      events: list(oneOf(webhookEvents, { description: 'An event.' }), {
        description: 'Which events.',
        default: [...webhookEvents],
        minItems: 1,
      }),
    },
    { description: 'A receiver.' },
  ),
  { description: 'Who is told of sessions, at least once and in order per session.' },
)

export const corsSchema = section(
  {
    origins: list(text({ description: 'An origin.', sample: 'https://sample.invalid' }), {
      description: "Origins that may call Curfew from a browser, beside the clients' own.",
    }),
  },
  { description: 'Calls from browsers.', default: {} },
)
