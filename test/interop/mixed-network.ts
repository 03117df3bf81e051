import { expect } from 'aegir/chai'
import { usesAndHidesClients } from './clients.ts'
import { findsEveryPeer, findsPeersByAsking, findsTheClosest } from './lookups.ts'
import { neverRollsBack, resolvesNames } from './names.ts'
import { InteropNetwork } from './network.ts'
import { CIDS, carriesOtherHashes, carriesProviders } from './providers.ts'
import { complaints, markErrors, rpcErrorsSince } from './rpc-errors.ts'
import { carriesValues } from './values.ts'
import type { Implementation } from './implementations.ts'
import type { Mark } from './rpc-errors.ts'

/** Milliseconds in which one network of the suite starts, on a machine that does other things too. */
const START_TIMEOUT = 300_000

/** Milliseconds for one operation between many nodes. */
const OPERATION_TIMEOUT = 60_000

const CONFIGURATIONS: ReadonlyArray<Readonly<Record<Implementation, number>>> = [
  { ours: 1, theirs: 19 },
  { ours: 19, theirs: 1 },
  { ours: 10, theirs: 10 }
]

for (const counts of CONFIGURATIONS) {
  describe(`${counts.ours} of ours and ${counts.theirs} of theirs`, function () {
    this.timeout(OPERATION_TIMEOUT)
    const network = new InteropNetwork()
    let marks: Mark[]

    before(async function () {
      this.timeout(START_TIMEOUT)
      await network.grow(counts)
      marks = markErrors(network.nodes)
    })

    after(async () => { await network.stop() })

    findsTheClosest(network)
    findsEveryPeer(network)
    carriesValues(network)
    carriesProviders(network, counts.ours === counts.theirs ? CIDS : CIDS.slice(0, 1))
    resolvesNames(network)

    it('no request failed on either side', () => {
      expect(rpcErrorsSince(marks)).to.deep.equal([])
    })

    if (counts.theirs === 1) {
      it('their server never complained, from its start', () => {
        expect(complaints(network.one('theirs'))).to.deep.equal([])
      })
    }

    // what makes requests fail by design
    findsPeersByAsking(network)
    neverRollsBack(network)
    carriesOtherHashes(network)

    if (counts.ours === counts.theirs) {
      usesAndHidesClients(network)

      describe('and as many again', () => {
        before(async function () {
          this.timeout(START_TIMEOUT)
          await network.grow(counts)
        })

        findsTheClosest(network, 6)
      })
    }
  })
}
