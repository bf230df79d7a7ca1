// Binance's own JavaScript connector, pointed at the address given: asks for what a trader's program asks for, streams
// trades, and prints one JSON object of what it got. NODE_PATH leads to the package.
'use strict'

const { Console } = require('console')
const { Spot, WebsocketStream } = require('@binance/connector')

const [host, wanted] = [process.argv[2], Number(process.argv[3])]
const logger = new Console({ stdout: process.stderr, stderr: process.stderr })

/** The first messages of some streams. */
function stream (names, combinedStreams) {
  return new Promise((resolve, reject) => {
    const messages = []
    const client = new WebsocketStream({
      logger,
      wsURL: `ws://${host}`,
      combinedStreams,
      callbacks: {
        open: () => {
          // One more, asked for on the open connection.
          if (combinedStreams) client.subscribe('ethusdt@aggTrade')
        },
        message: text => {
          messages.push(JSON.parse(text))
          if (messages.length < wanted) return
          client.disconnect()
          resolve(messages)
        },
        error: () => reject(new Error('the connection failed'))
      }
    })
    client.subscribe(names)
  })
}

async function refusal (request) {
  try {
    await request
  } catch (error) {
    return { status: error.response.status, body: error.response.data }
  }
  throw new Error('it was not refused')
}

async function main () {
  const client = new Spot('', '', { baseURL: `http://${host}`, logger })
  const data = async request => (await request).data
  const trades = await data(client.trades('BTCUSDT', { limit: 10 }))
  const result = {
    ping: await data(client.ping()),
    time: await data(client.time()),
    exchangeInfo: await data(client.exchangeInfo({ symbols: ['BTCUSDT', 'ETHUSDT'] })),
    trades,
    historicalTrades: await data(client.historicalTrades('BTCUSDT', { fromId: trades[0].id, limit: 10 })),
    aggTrades: await data(client.aggTrades('BTCUSDT', { limit: 10 })),
    klines: await data(client.klines('BTCUSDT', '1m', { limit: 3 })),
    refusal: await refusal(client.klines('NOSUCH', '1m')),
    raw: await stream('btcusdt@trade', false),
    combined: await stream(['btcusdt@trade', 'btcusdt@aggTrade'], true)
  }
  console.log(JSON.stringify(result))
  process.exit(0)
}

main().catch(error => {
  console.error(error)
  process.exit(1)
})
