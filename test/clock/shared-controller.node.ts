import { getMaxListeners } from 'node:events'
import { expect } from 'aegir/chai'
import { sharedController } from '../../src/clock/shared-controller.ts'

describe('a shared controller', () => {
  it('has a signal to which any number may listen', () => {
    expect(getMaxListeners(sharedController().signal)).to.equal(Infinity)
  })
})
