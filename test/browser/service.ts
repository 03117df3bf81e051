import { expect } from 'aegir/chai'
import { Complaints } from './complaints.ts'
import { findsContent } from './content-routing.ts'
import { endsClean } from './endings.ts'
import { createPageNode, serverOf } from './page-node.ts'
import { findsPeers } from './peer-routing.ts'
import type { PageNode } from './page-node.ts'

/** Two nodes of the page: one dials a server of ours, the other one of theirs. */
export interface Page {
  readonly node: PageNode
  readonly other: PageNode
}

describe('kadDHT in a browser', () => {
  const complaints = new Complaints()

  after(() => { complaints.restore() })

  describe('among Node servers', () => {
    let page: Page | undefined

    const current = (): Page => {
      if (page == null) {
        throw new Error('the nodes of the page did not start')
      }
      return page
    }

    before(async () => {
      page = {
        node: await createPageNode({ server: serverOf('ours') }),
        other: await createPageNode({ server: serverOf('theirs') })
      }
    })

    after(async () => {
      await page?.node.stop()
      await page?.other.stop()
    })

    findsPeers(current)
    findsContent(current)
  })

  describe('when it stops', () => {
    endsClean()
  })

  describe('on the console', () => {
    it('complains of nothing', () => {
      expect(complaints.written).to.deep.equal([])
    })
  })
})
