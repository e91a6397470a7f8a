declare const brand: unique symbol

/** A value that only its parser may make: `Brand<string, 'SessionId'>` is a string that was checked. */
export type Brand<Value, Name extends string> = Value & { readonly [brand]: Name }
