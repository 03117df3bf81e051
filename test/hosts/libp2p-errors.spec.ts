import { expect } from 'aegir/chai'
import { asDialError } from '../../src/hosts/libp2p/open-error.ts'
import { DialError, LimitError } from '../../src/rpc/errors.ts'

/** As `@libp2p/tcp` has it from Node.js. */
function systemError (code: string): Error {
  return Object.assign(new Error(`connection error 192.0.2.1:4001: connect ${code}`), { code })
}

describe('a peer that libp2p cannot dial', () => {
  it('is not to blame when this process can open no more sockets', () => {
    for (const err of [systemError('EMFILE'), new AggregateError([systemError('ECONNREFUSED'), systemError('EMFILE')])]) {
      expect(asDialError(err, 'the peer')).to.be.an.instanceOf(LimitError)
        .with.property('message').that.matches(/^the peer cannot be reached: this process can open no more sockets .*: raise its limit of open files/)
    }
  })

  it('is to blame when it refuses', () => {
    for (const err of [systemError('ECONNREFUSED'), new AggregateError([systemError('ECONNREFUSED'), systemError('EHOSTUNREACH')]), new AggregateError([], 'nothing was tried')]) {
      expect(asDialError(err, 'the peer')).to.be.an.instanceOf(DialError)
        .with.property('message').that.matches(/^the peer cannot be reached: (.*ECONNREFUSED|nothing was tried)\. Check/)
    }
  })
})
