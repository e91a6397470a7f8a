import { describe, expect, test } from 'vitest'
import { addressKey, ClientAddresses, parseIp } from './address.ts'

function of(trusted: readonly string[], peer: string, forwarded?: string): string | null {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
  const socket = { remoteAddress: peer } as unknown as import('node:net').Socket
  return new ClientAddresses(trusted).of({ socket, headers })
}

describe('the client address', () => {
  test('is the peer when nobody is trusted, whatever it claims', () => {
    expect(of([], '198.51.100.7', '203.0.113.9')).toBe('198.51.100.7')
    expect(of(['10.0.0.0/8'], '198.51.100.7', '203.0.113.9')).toBe('198.51.100.7')
  })

  test('is the right-most entry that is not a trusted proxy', () => {
    const forwarded = '1.1.1.1, 203.0.113.9, 10.0.0.3'
    expect(of(['10.0.0.0/8'], '10.0.0.2', forwarded)).toBe('203.0.113.9')
    expect(of(['10.0.0.0/8'], '10.0.0.2')).toBe('10.0.0.2')
    expect(of(['10.0.0.0/8'], '10.0.0.2', '10.0.0.4, 10.0.0.3')).toBe('10.0.0.4')
  })

  test('stops at an entry that cannot be read', () => {
    expect(of(['10.0.0.0/8'], '10.0.0.2', '203.0.113.9, unknown')).toBe('10.0.0.2')
    expect(of(['10.0.0.0/8'], '10.0.0.2', '203.0.113.9, 0177.1')).toBe('10.0.0.2')
  })

  test('reads ports and brackets, and IPv4 in IPv6', () => {
    expect(of(['10.0.0.0/8'], '::ffff:10.0.0.2', '203.0.113.9:4711')).toBe('203.0.113.9')
    expect(of(['10.0.0.0/8'], '10.0.0.2', '[2001:DB8:0::1]:443')).toBe('2001:db8::1')
    expect(of([], '::ffff:192.0.2.1')).toBe('192.0.2.1')
    expect(of(['::1'], '::1', '203.0.113.9')).toBe('203.0.113.9')
  })

  test('is a key by /64 for IPv6 alone', () => {
    expect(addressKey('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64')
    expect(addressKey('192.0.2.1')).toBe('192.0.2.1')
    expect(addressKey(null)).toBe('unknown')
  })
})

test('an address that a client writes is canonical, or none', () => {
  expect(parseIp('2001:DB8::0001')).toBe('2001:db8::1')
  expect(parseIp('::ffff:192.0.2.1')).toBe('192.0.2.1')
  for (const text of ['', '1', '1.2.3', '1.2.3.4.5', '0x7f.1', 'fe80::1%eth0', 'localhost']) {
    expect(parseIp(text)).toBeUndefined()
  }
})
