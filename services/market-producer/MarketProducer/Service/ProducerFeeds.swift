import Exchanges
import MarketCore
import ServiceKit

extension ProducerSettings {
    /// A feed for each venue of which an instrument is followed.
    ///
    /// - Throws: `VenueError` for more instruments than a venue lets one follow.
    func feeds(_ time: TimeSource) throws(VenueError) -> [any VenueFeed] {
        var feeds: [any VenueFeed] = []
        let wallMicros = { @Sendable in time.wallMicros }
        let random = { @Sendable in Double.random(in: 0..<1) }
        let byVenue = Dictionary(grouping: instruments, by: \.venue)
        if let binance = byVenue[Instrument.defaultVenue] {
            var configuration = BinanceFeed.Configuration(
                webSocketURL: webSocketURL, kind: isAggregated ? .aggTrade : .trade)
            configuration.rules.authoritiesPath = caFile
            configuration.rules.staleAfter = staleAfter
            let rest = BinanceREST(
                url: restURL, authoritiesPath: caFile, weightLimit: weightLimit, wallMicros: wallMicros,
                monotonicMicros: { time.monotonicMicros })
            feeds.append(
                try BinanceFeed(
                    instruments: binance, configuration: configuration, rest: rest, wallMicros: wallMicros,
                    random: random))
        }
        if let instruments = byVenue[CoinbaseFeed.name] {
            feeds.append(
                CoinbaseFeed(
                    instruments: instruments, configuration: coinbase, wallMicros: wallMicros, random: random))
        }
        if let instruments = byVenue[KrakenFeed.name] {
            feeds.append(
                KrakenFeed(instruments: instruments, configuration: kraken, wallMicros: wallMicros, random: random))
        }
        return feeds
    }
}
