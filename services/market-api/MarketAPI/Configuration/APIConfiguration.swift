import MarketCore
import ServiceKit

/// Everything that the API can be told, with its defaults.
struct APIConfiguration: Sendable {
    var host = "127.0.0.1"
    /// 0 picks a free one.
    var port = 0
    /// Followed from the start, one at least; the first is the default of `symbol`.
    var instruments: [Instrument]
    var intervals = Interval.allCases
    /// The one that is meant where none is named.
    var defaultInterval = Interval.base
    /// Seconds for which one price is kept for programs of old.
    var dataSaveSeconds: Int64 = 60
    /// Origins whose pages may read answers, lower-cased; `*` for all.
    var crossOrigins: [String] = []
    var marketSource = "binance"
    var assetsFolder: String?
    var dashboardFolder: String?
    var maxWebSocketClients = 2_500
    var maxConnections = 5_000
    var venueSilentAfterMillis: Int64 = 5_000
    /// How long `/price` goes on from memory while Redis is down.
    var priceWithoutRedisMillis: Int64 = 60_000
    /// Of those who may change anything.
    var token: String?
    /// From one address; 0 limits nothing.
    var requestsPerMinute = 6_000
    /// Whose `X-Forwarded-For` is taken.
    var trustedProxies: [NetworkRange] = []
    /// PEM files; nil serves plain HTTP.
    var tls: (certificate: String, key: String)?
    var feedLimits = FeedLimits()
    var streamLimits = StreamLimits()
    /// How often `/feed` tells the status when nothing changes, and how often it is looked at.
    var statusEveryMillis: Int64 = 2_000
    var statusCheckMillis: Int64 = 500

    /// The instrument that is meant where none is named.
    var defaultInstrument: Instrument { instruments[0] }

    init(instruments: [Instrument]) { self.instruments = instruments }
}

extension APIConfiguration {
    init(_ settings: Settings) throws(SettingsError) {
        self.init(instruments: try settings.value(SharedSettings.symbols))
        host = try settings.value(APISettings.host)
        port = try settings.value(APISettings.port)
        intervals = try settings.value(SharedSettings.candleIntervals)
        defaultInterval = try settings.value(APISettings.defaultInterval)
        guard intervals.contains(defaultInterval) else {
            throw .unusable(
                APISettings.defaultInterval, text: defaultInterval.description,
                SettingProblem("one of CANDLE_INTERVALS, " + intervals.map(\.description).joined(separator: ", ")))
        }
        dataSaveSeconds = try settings.value(APISettings.dataSaveInterval)
        guard SavedPrices.interval(for: dataSaveSeconds, among: intervals) != nil else {
            throw .unusable(
                APISettings.dataSaveInterval, text: String(dataSaveSeconds),
                SettingProblem("a whole number, \(SavedPrices.mostCandles) at most, of one of CANDLE_INTERVALS"))
        }
        crossOrigins = try settings.optionalValue(APISettings.crossOrigins) ?? []
        marketSource = try settings.value(SharedSettings.marketSource)
        assetsFolder = try settings.optionalValue(APISettings.assetsFolder)
        dashboardFolder = try settings.optionalValue(APISettings.dashboardFolder)
        maxWebSocketClients = try settings.value(APISettings.maxWebSocketClients)
        maxConnections = try settings.value(APISettings.maxConnections)
        venueSilentAfterMillis = try settings.value(APISettings.venueSilentAfter).milliseconds
        requestsPerMinute = try settings.value(APISettings.requestsPerMinute)
        trustedProxies = try settings.optionalValue(APISettings.trustedProxies) ?? []
        tls = try Self.tls(settings)
        token = try settings.optionalValue(APISettings.token)
        priceWithoutRedisMillis = try settings.value(APISettings.priceMaxAge).milliseconds
    }

    /// Both files or none.
    private static func tls(_ settings: Settings) throws(SettingsError) -> (certificate: String, key: String)? {
        let certificate = try settings.optionalValue(APISettings.tlsCertificate)
        let key = try settings.optionalValue(APISettings.tlsKey)
        switch (certificate, key) {
        case (nil, nil): return nil
        case (let certificate?, let key?): return (certificate, key)
        case (nil, _): throw SettingsError.missing(APISettings.tlsCertificate)
        case (_, nil): throw SettingsError.missing(APISettings.tlsKey)
        }
    }
}

extension Duration {
    /// Whole milliseconds.
    fileprivate var milliseconds: Int64 {
        components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    }
}
