/** The other end of `child.js`. */
const { create } = await import(`../${process.argv[2]}.js`)
let subject

// whoever started us is gone: nobody reads what we measure
process.once('disconnect', () => { process.exit() })

process.on('message', async ({ id, method, args }) => {
  try {
    if (method === 'create') {
      subject = await create(...args)
      process.send({ id })
    } else {
      process.send({ id, result: await subject[method](...args) })
    }
  } catch (err) {
    process.send({ id, error: err.stack })
  }
})
