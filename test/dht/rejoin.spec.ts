import { defaultLogger } from '@libp2p/logger'
import { expect } from 'aegir/chai'
import { sleep } from '../../src/clock/wait.ts'
import { Rejoin } from '../../src/dht/maintenance/rejoin.ts'
import { Tasks } from '../../src/dht/tasks.ts'
import { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'

const SECOND_MS = 1_000
const HOUR_MS = 3_600_000

describe('dht/maintenance/rejoin', () => {
  let clock: VirtualClock
  let tasks: Tasks
  /** When it was attempted. */
  let attempts: number[]
  let hasContacts: boolean

  beforeEach(() => {
    clock = new VirtualClock()
    tasks = new Tasks(defaultLogger().forComponent('test'))
    attempts = []
    hasContacts = false
  })

  afterEach(async () => {
    await tasks.stop(new Error('the test is over'))
    expect(clock.pending, 'timers left').to.equal(0)
  })

  /** `chance` is each random byte. */
  function rejoin (chance: number): Rejoin {
    return new Rejoin({
      clock,
      random: n => new Uint8Array(n).fill(chance),
      tasks,
      async attempt () {
        attempts.push(clock.now())
      },
      hasContacts: () => hasContacts
    })
  }

  function pauses (begun: number): number[] {
    return attempts.map((time, i) => (time - (attempts[i - 1] ?? begun)) / SECOND_MS)
  }

  it('is attempted less and less often, up to every five minutes', async () => {
    const begun = clock.now()
    rejoin(255).begin()
    await clock.advance(HOUR_MS)
    expect(pauses(begun).slice(0, 11)).to.deep.equal([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300])
  })

  it('is attempted after half of that at the earliest', async () => {
    const begun = clock.now()
    rejoin(0).begin()
    await clock.advance(HOUR_MS)
    expect(pauses(begun).slice(0, 4)).to.deep.equal([0.5, 1, 2, 4])
  })

  it('is attempted until there is a contact, by one at a time, and anew when that is lost', async () => {
    const one = rejoin(255)
    one.begin()
    one.begin()
    await clock.advance(3 * SECOND_MS)
    expect(attempts).to.have.lengthOf(2)
    hasContacts = true
    await clock.advance(HOUR_MS)
    expect(attempts).to.have.lengthOf(3)
    one.begin()
    await clock.advance(SECOND_MS)
    expect(attempts).to.have.lengthOf(4)
  })

  it('is attempted at once when contacts are needed, unless that was less than five seconds ago', async () => {
    const one = rejoin(255)
    one.begin()
    await clock.advance(511 * SECOND_MS)
    const begun = clock.now()
    attempts.splice(0)
    await clock.advance(4 * SECOND_MS)
    await one.hurry()
    await clock.advance(SECOND_MS)
    await one.hurry()
    await one.hurry()
    await clock.advance(HOUR_MS)
    expect(pauses(begun).slice(0, 3)).to.deep.equal([5, 300, 300])
  })

  it('is attempted at once when contacts are needed though the clock was set back', async () => {
    let ahead = HOUR_MS
    const one = new Rejoin({
      clock: { now: () => clock.now() + ahead, schedule: (ms, task) => clock.schedule(ms, task) },
      random: n => new Uint8Array(n).fill(255),
      tasks,
      async attempt () { attempts.push(clock.now()) },
      hasContacts: () => hasContacts
    })
    one.begin()
    await clock.advance(511 * SECOND_MS)
    attempts.splice(0)
    ahead = 0
    await clock.advance(10 * SECOND_MS)
    const begun = clock.now()
    await one.hurry()
    expect(attempts).to.deep.equal([begun])
  })

  it('has those who need contacts wait until there is one, or the attempt is over', async () => {
    let settled = 0
    const one = new Rejoin({
      clock,
      random: n => new Uint8Array(n),
      tasks,
      async attempt () { await sleep(clock, 10 * SECOND_MS, tasks.signal) },
      hasContacts: () => hasContacts
    })
    one.begin()
    const wait = async (): Promise<void> => one.hurry().then(() => { settled++ })
    void wait()
    await clock.advance(9 * SECOND_MS)
    void wait()
    await clock.advance(SECOND_MS / 2)
    expect(settled, 'before the attempt is over').to.equal(0)
    await clock.advance(SECOND_MS / 2)
    expect(settled, 'after it').to.equal(2)
    void wait()
    await clock.advance(SECOND_MS)
    hasContacts = true
    one.onContact()
    await clock.advance(1)
    expect(settled, 'when there is somebody').to.equal(3)
    await wait()
  })
})
