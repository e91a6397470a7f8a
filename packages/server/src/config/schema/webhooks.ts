import { Type } from 'typebox'
import { duration, list, oneOf, secretText, section, text, url } from './vocabulary.ts'

const secret = secretText({ description: 'A secret.', sample: 'sample' })

const webhookEvents = ['session.started', 'session.ended'] as const

export const webhooksSchema = list(
  section(
    {
      url: url({ description: 'Where events are sent: http or https.' }),
      secret: Type.Union([secret, Type.Array(secret, { minItems: 1, maxItems: 2 })], {
        description:
          'Signs them (Standard Webhooks): `whsec_` and base64, or any other text as it stands; a list of two while it is being changed, and both sign.',
        expects: 'a text, or a list of one or two texts',
        secret: true,
        sample: 'sample',
      }),
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

export const effectsSchema = section(
  {
    giveUpAfter: duration({
      description:
        'How long a webhook, or the hand-over of tokens to a provider, is tried before it is given up.',
      default: '3d',
    }),
  },
  { description: 'What follows the start and the end of a session.', default: {} },
)

export const corsSchema = section(
  {
    origins: list(text({ description: 'An origin.', sample: 'https://sample.invalid' }), {
      description: "Origins that may call Curfew from a browser, beside the clients' own.",
    }),
  },
  { description: 'Calls from browsers.', default: {} },
)
