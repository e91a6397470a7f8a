export const deviceNameLengthMax = 512

const control = /[\p{Cc}\p{Cs}]/u

/** What a person may call a device: the schema of `PATCH /sessions/{sid}` says the same. */
export function isDeviceName(text: string): boolean {
  return text !== '' && [...text].length <= deviceNameLengthMax && !control.test(text)
}
