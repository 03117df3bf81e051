import { expect } from 'aegir/chai'
import { InvalidRecordError, ValueTooLargeError } from '../../src/record/invalid-record.ts'
import { openRecords } from '../../src/record/open.ts'
import { publicKeyRecords } from '../../src/record/public-key.ts'
import { kindsOf, Validators } from '../../src/record/validator.ts'
import { recordOf, sealOpenValue, utf8 } from './fixtures.ts'
import type { RecordKind } from '../../src/record/validator.ts'

const NOW = 1_700_000_000_000
const validators = new Validators(kindsOf([openRecords(100), publicKeyRecords]))

/** A kind in libp2p's terms: its validator takes a while and throws an error of its own. */
const slow: RecordKind = {
  namespace: 'slow',
  validate: async ({ value }) => {
    await Promise.resolve()
    if (value.byteLength === 0) {
      throw new Error('nothing in it')
    }
  },
  select: (_key, values) => values.length - 1
}

/** How `kinds` refuse a record under `key`. */
async function refused (key: string, kinds = validators): Promise<InvalidRecordError> {
  try {
    await kinds.validate(recordOf(key, new Uint8Array()), NOW)
  } catch (err) {
    if (err instanceof InvalidRecordError) {
      return err
    }
    throw err
  }
  throw new Error(`${key} was accepted`)
}

describe('record/validator', () => {
  it('asks the kind of the namespace', async () => {
    await validators.validate(recordOf('/kv/x', sealOpenValue(utf8('data'), NOW)), NOW)
    expect(await refused('/pk/x')).to.have.property('message').that.includes('/pk/')
    expect(() => validators.validate(recordOf('/kv/x', sealOpenValue(new Uint8Array(101), NOW)), NOW)).to.throw()
      .with.property('name', 'ValueTooLargeError')
    expect(new ValueTooLargeError('x')).to.be.an.instanceOf(InvalidRecordError)
  })

  it('waits for verdicts and keeps the cause', async () => {
    const kinds = new Validators(kindsOf([slow]))
    await kinds.validate(recordOf('/slow/x', utf8('y')), NOW)
    expect(await refused('/slow/x', kinds)).to.have.nested.property('cause.message', 'nothing in it')
    expect(await kinds.select(utf8('/slow/x'), [utf8('a'), utf8('b')])).to.equal(1)
  })

  it('row 23: the names of Object.prototype are unknown namespaces', async () => {
    for (const name of Object.getOwnPropertyNames(Object.prototype)) {
      expect((await refused(`/${name}/x`)).message).to.include('no kind of records')
      expect(() => validators.select(utf8(`/${name}/x`), [utf8('a')])).to.throw(InvalidRecordError)
    }
  })

  it('row 24: /__proto__/x is an unknown namespace', async () => {
    expect((await refused('/__proto__/x')).message).to.include('"__proto__"')
  })

  it('row 24: unless somebody mounts it', async () => {
    const kinds = new Validators(kindsOf([{ ...slow, namespace: '__proto__' }]))
    await kinds.validate(recordOf('/__proto__/x', utf8('y')), NOW)
  })

  it('row 25: keys of no namespace', async () => {
    for (const key of ['x', '//', '/pk']) {
      expect((await refused(key)).message).to.include('/<namespace>/<rest>')
    }
  })

  it('asks anew for each record which kinds there are', async () => {
    const kinds = new Map([['slow', slow]])
    const live = new Validators(namespace => kinds.get(namespace))
    expect(live.knows(utf8('/slow/x'))).to.equal(true)
    await live.validate(recordOf('/slow/x', utf8('y')), NOW)
    kinds.delete('slow')
    expect(live.knows(utf8('/slow/x'))).to.equal(false)
    expect((await refused('/slow/x', live)).message).to.include('no kind of records')
  })

  it('refuses two kinds for one namespace, and namespaces that no key has', () => {
    expect(() => kindsOf([slow, slow])).to.throw(TypeError, 'two kinds')
    for (const namespace of ['', 'a/b', '\ud800']) {
      expect(() => kindsOf([{ ...slow, namespace }])).to.throw(TypeError, 'no namespace')
    }
  })
})
