import type { Reporter } from '../mistakes.ts'
import type { RawConfig } from '../schema.ts'

const bytes = 32

export function checkSecrets(config: RawConfig, report: Reporter): void {
  const fix = 'Write one made by: curfew secret new.'
  for (const [index, secret] of config.secrets.entries()) {
    if (!isSecret(secret)) {
      report.add(['secrets', index], `it is not ${bytes} bytes in base64url`, fix)
    } else if (config.secrets.indexOf(secret) < index) {
      report.add(['secrets', index], 'it stands in the list twice', 'Remove it.')
    }
  }
}

/** Exactly 32 bytes, written in the one way that base64url without padding has for them. */
function isSecret(text: string): boolean {
  const decoded = Buffer.from(text, 'base64url')
  return decoded.length === bytes && decoded.toString('base64url') === text
}
