import { EventEmitter } from 'node:events'
import { expect } from 'aegir/chai'
import { InterruptedError, OutputClosedError } from '../../src/cli/errors.ts'
import { watchInterrupts } from '../../src/cli/interrupt.ts'
import { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'

/** A process that notes what kills it. */
class Target extends EventEmitter {
  readonly pid: number
  readonly stdout = new EventEmitter()
  readonly stderr = new EventEmitter()
  readonly killedBy: string[] = []

  readonly exitCodes: number[] = []

  constructor (pid = 2) {
    super()
    this.pid = pid
  }

  kill (_pid: number, signal: string): void {
    this.killedBy.push(signal)
  }

  exit (code: number): void {
    this.exitCodes.push(code)
  }
}

describe('signals', () => {
  let clock: VirtualClock
  let target: Target
  let signal: AbortSignal

  beforeEach(() => {
    clock = new VirtualClock()
    target = new Target()
    signal = watchInterrupts(target, clock)
  })

  it('the first aborts, one half a second later kills', async () => {
    target.emit('SIGTERM', 'SIGTERM')
    expect(signal.reason).to.be.instanceOf(InterruptedError).with.property('signal', 'SIGTERM')
    await clock.advance(500)
    expect(target.killedBy).to.deep.equal([])
    target.emit('SIGINT', 'SIGINT')
    expect(target.killedBy).to.deep.equal(['SIGINT'])
    expect(target.exitCodes).to.deep.equal([])
    expect(target.listenerCount('SIGINT')).to.equal(0)
  })

  it('the first process of a container, which no signal kills, exits', async () => {
    const init = new Target(1)
    watchInterrupts(init, clock)
    init.emit('SIGTERM', 'SIGTERM')
    await clock.advance(500)
    expect(init.exitCodes).to.deep.equal([])
    init.emit('SIGINT', 'SIGINT')
    expect(init.exitCodes).to.deep.equal([130])
  })

  it('what comes twice at once is one: npm passes on the Ctrl-C of its terminal, and a shell the end of it', async () => {
    target.emit('SIGINT', 'SIGINT')
    target.emit('SIGINT', 'SIGINT')
    await clock.advance(499)
    target.emit('SIGHUP', 'SIGHUP')
    expect(target.killedBy).to.deep.equal([])
  })

  it('a closed stdout aborts, and one signal kills what does not end then', () => {
    target.stdout.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    expect(signal.reason).to.be.instanceOf(OutputClosedError)
    target.emit('SIGINT', 'SIGINT')
    expect(target.killedBy).to.deep.equal(['SIGINT'])
  })

  it('messages that cannot be written end nothing', () => {
    target.stderr.emit('error', new Error('write ENOSPC'))
    expect(signal.aborted).to.equal(false)
  })
})
