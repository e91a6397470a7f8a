import fc from 'fast-check'

/** Text of any code units, half surrogates too, thick with what means something in HTML. */
export function hostileText() {
  const telling = fc.constantFrom(...'<>"\'`&;=/-! \n\r\0')
  const any = fc.nat(0xffff).map((unit) => String.fromCharCode(unit))
  return fc.string({ unit: fc.oneof(telling, any), maxLength: 40 })
}
