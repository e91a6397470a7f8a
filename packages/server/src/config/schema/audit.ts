import { duration, section } from './vocabulary.ts'

export const auditSchema = section(
  {
    retention: duration({
      description: 'How long it stays known who did what.',
      default: '90d',
    }),
  },
  {
    description: 'What administrators and clients with the role issuer have done.',
    default: {},
  },
)
