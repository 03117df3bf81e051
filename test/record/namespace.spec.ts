import { expect } from 'aegir/chai'
import { namespaceOf } from '../../src/record/namespace.ts'
import { utf8 } from './fixtures.ts'

describe('record/namespace', () => {
  it('is what stands between the first two slashes', () => {
    expect(namespaceOf(utf8('/pk/x'))).to.equal('pk')
    expect(namespaceOf(utf8('/kv/a/b'))).to.equal('kv')
    expect(namespaceOf(utf8('/kv//'))).to.equal('kv')
    expect(namespaceOf(utf8('/kv/'))).to.equal('kv')
    expect(namespaceOf(utf8('/käse/x'))).to.equal('käse')
    expect(namespaceOf(Uint8Array.of(0x2f, 0x61, 0x2f, 0xff, 0x00))).to.equal('a')
    expect(namespaceOf(utf8('/\ufeffa/x'))).to.equal('\ufeffa')
  })

  it('row 25: is missing from x, //, /pk and the like', () => {
    for (const key of ['', 'x', '/', '//', '///', '//x', '/pk', 'pk/x', 'pk/', 'x/pk/y', ' /pk/x']) {
      expect(namespaceOf(utf8(key)), key).to.equal(undefined)
    }
  })

  it('row 28: is missing when it is no UTF-8', () => {
    for (const bad of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]]) {
      expect(namespaceOf(Uint8Array.of(0x2f, ...bad, 0x2f, 0x78))).to.equal(undefined)
    }
  })
})
