import {
  count,
  durationOrZero,
  list,
  nullable,
  oneOf,
  pattern,
  section,
  text,
  url,
} from './vocabulary.ts'

const address = {
  expects: 'an address such as 127.0.0.1:4455, [::1]:4455 or 0.0.0.0:0',
  sample: '127.0.0.1:0',
}
// Host (name, IPv4 or bracketed IPv6), then the port; the rules check that the parts make sense.
const hostPort = '^(?:\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9.-]+):[0-9]{1,5}$'

export const serverSchema = section(
  {
    publicUrl: url({
      description:
        'Where people and services reach Curfew, and the issuer of its tokens. https unless its host is loopback; no query or fragment; it may have a path, all routes then lie below it. A trailing slash is dropped.',
    }),
    listen: pattern(hostPort, {
      description: 'The address to listen on; port 0 takes any free port.',
      default: '127.0.0.1:4455',
      ...address,
    }),
    metricsListen: nullable(pattern(hostPort, { description: 'host:port', ...address }), {
      description: 'A listener of its own for /metrics; then the main one has none.',
    }),
    adminListen: nullable(pattern(hostPort, { description: 'host:port', ...address }), {
      description:
        'A listener of its own for administrators, with the console: then the role admin counts there and nowhere else.',
    }),
    trustedProxies: list(text({ description: 'An address or a CIDR.', sample: '127.0.0.1/32' }), {
      description:
        'Whose X-Forwarded-* and X-Original-* headers are believed, as addresses or CIDRs. The default is nobody.',
    }),
    shutdownDelay: durationOrZero({
      description:
        'How long the server goes on accepting requests after SIGTERM while /readyz already says no; at most 10m.',
      default: '0s',
    }),
    workers: count({
      description:
        'How many processes share the listeners, one for each core. More than one needs PostgreSQL.',
      default: 1,
      maximum: 256,
    }),
    logLevel: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
      description: 'The least important log lines that are written.',
      default: 'info',
    }),
  },
  { description: 'The process and its addresses.' },
)
