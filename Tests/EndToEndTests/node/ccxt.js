// ccxt, an open library of a hundred exchanges, pointed at the API at the address given as if that were Binance: asks
// and watches as a trader's program does, and prints one JSON object of what it got. NODE_PATH leads to the package.
'use strict'

const ccxt = require('ccxt')

const host = process.argv[2]
const symbol = 'BTC/USDT'

const exchange = new ccxt.pro.binance({ options: { fetchMarkets: { types: ['spot'] } } })
exchange.urls.api.public = `http://${host}/api/v3`
exchange.urls.api.ws.spot = `ws://${host}/ws`

/** What a watch gives until it is enough. */
async function watch (next, isEnough) {
  const seen = []
  while (!isEnough(seen)) seen.push(...await next())
  return seen
}

async function main () {
  // ccxt wants this once where streams are not encrypted.
  await exchange.loadHttpProxyAgent()
  const markets = await exchange.loadMarkets()
  const now = await exchange.fetchTime()
  const result = {
    symbols: Object.keys(markets),
    market: markets[symbol],
    now,
    ticker: await exchange.fetchTicker(symbol),
    tickers: Object.keys(await exchange.fetchTickers()),
    trades: await exchange.fetchTrades(symbol, undefined, 100),
    candles: await exchange.fetchOHLCV(symbol, '1m', now - 3600000, 1000),
    folded: await exchange.fetchOHLCV(symbol, '3m', undefined, 5),
    watchedTrades: await watch(() => exchange.watchTrades(symbol), seen => seen.length >= 20),
    watchedCandles: await watch(() => exchange.watchOHLCV(symbol, '1m'), seen => seen.length >= 5),
    watchedTicker: await exchange.watchTicker(symbol)
  }
  delete result.market.info
  try {
    await exchange.fetchOHLCV('ETH/USDT', '1s')
  } catch (error) {
    result.refusal = { name: error.constructor.name, message: error.message }
  }
  await exchange.close()
  console.log(JSON.stringify(result))
  process.exit(0)
}

main().catch(error => {
  console.error(error)
  process.exit(1)
})
