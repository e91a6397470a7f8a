import {
  count,
  duration,
  durationOrZero,
  mapOf,
  nullable,
  oneOf,
  secondsDuration,
  section,
} from './vocabulary.ts'

const device = section(
  {
    policy: oneOf(['single', 'shared', 'multiple'], {
      description:
        'single: a new sign-in ends the previous one. shared: it joins the live session. multiple: each has its own.',
    }),
    limit: nullable(count({ description: 'A whole number.', maximum: 10_000 }), {
      description: 'With multiple: how many sessions a user may have; past it the oldest ends.',
    }),
    idleTtl: nullable(duration({ description: 'A duration.' }), {
      description: 'As sessions.idleTtl, for this class.',
    }),
    absoluteTtl: nullable(duration({ description: 'A duration.' }), {
      description: 'As sessions.absoluteTtl, for this class.',
    }),
    lostResponse: durationOrZero({
      description:
        'How long a refresh may be repeated while its successor is unused: for devices that lose answers.',
      default: '0s',
    }),
    accessTtl: nullable(secondsDuration({ description: 'A duration.' }), {
      description:
        'Life of access tokens in this class; the shortest of client, class and global holds.',
    }),
  },
  { description: 'A device class.', sample: { policy: 'single' } },
)

export const sessionsSchema = section(
  {
    absoluteTtl: duration({
      description: 'A session ends this long after its start, used or not.',
      default: '30d',
    }),
    idleTtl: duration({
      description:
        'A session ends when it is not used this long; refresh and forward auth count as use. Access tokens live at most half of it.',
      default: '7d',
    }),
    devices: mapOf('^[a-z0-9_-]{1,32}$', device, {
      description:
        'The device classes. What is given here replaces the default ones; a class that is not listed is a 400.',
      keyExpects: 'a class name of at most 32 characters out of a-z, 0-9, - and _',
      default: {
        app: { policy: 'single', idleTtl: '60d', absoluteTtl: '365d', lostResponse: '24h' },
        web: { policy: 'multiple', limit: 20 },
        pc: { policy: 'shared' },
      },
    }),
    keepEnded: nullable(duration({ description: 'A duration.' }), {
      description:
        'How long an ended session stays readable for the audit; at least refreshTtl and revocation.retention. Unless given: 90d, or the longest of those.',
    }),
  },
  { description: 'How long sessions live, and how many a user has.', default: {} },
)
