import { duration, oneOf, pattern, section } from './vocabulary.ts'

export const revocationSchema = section(
  {
    pullInterval: duration({
      description: 'How often each replica reads the feed, push or no push; at most 1h.',
      default: '1s',
    }),
    maxStaleness: duration({
      description:
        'How long a replica that cannot read the feed may go on from its caches; at least pullInterval.',
      default: '30s',
    }),
    onStale: oneOf(['reject', 'accept'], {
      description: 'Then: 503, or go on, said loudly in log and metrics.',
      default: 'reject',
    }),
    channel: pattern('^[!-~]{1,128}$', {
      description: 'The Redis channel on which ends are published.',
      default: 'auth:revoked',
      expects: 'a channel name of printable ASCII characters',
    }),
    retention: duration({
      description: 'How long every end stays readable with all=true.',
      default: '24h',
    }),
  },
  { description: 'How the end of a session reaches everyone.', default: {} },
)
