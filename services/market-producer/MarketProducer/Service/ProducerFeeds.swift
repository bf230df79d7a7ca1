import Exchanges
import MarketCore
import ServiceKit

extension ProducerSettings {
    /// A feed for each venue. One that has nothing to follow does nothing.
    func feeds(_ time: TimeSource) -> [any VenueFeed] {
        let wallMicros = { @Sendable in time.wallMicros }
        let random = { @Sendable in Double.random(in: 0..<1) }
        var binance = BinanceFeed.Configuration(webSocketURL: webSocketURL, kind: isAggregated ? .aggTrade : .trade)
        binance.rules.authoritiesPath = caFile
        binance.rules.staleAfter = staleAfter
        let rest = BinanceREST(
            url: restURL, authoritiesPath: caFile, weightLimit: weightLimit, wallMicros: wallMicros,
            monotonicMicros: { time.monotonicMicros })
        return [
            BinanceFeed(binance, rest: rest, wallMicros: wallMicros, random: random),
            CoinbaseFeed(coinbase, wallMicros: wallMicros, random: random),
            KrakenFeed(kraken, wallMicros: wallMicros, random: random),
        ]
    }
}
