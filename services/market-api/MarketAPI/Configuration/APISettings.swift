import MarketCore
import ServiceKit

/// The keys that only this service reads, beside ``SharedSettings``.
enum APISettings {
    static let host = Setting.text(
        "API_HOST", help: "address to listen on; loopback unless others shall reach it", default: "127.0.0.1")
    static let port = Setting.port(
        "API_PORT", help: "port of HTTP and WebSocket; 0 picks a free one and logs it", default: "8000")
    static let assetsFolder = Setting.text(
        "ASSETS_DIR",
        help: "folder of lightweight-charts.js (scripts/setup puts it there); looked for beside the program if not set",
        default: nil)
    static let dashboardFolder = Setting.text(
        "DASHBOARD_DIR", help: "folder to serve the page's own files from while working on them", default: nil)
    static let migrate = Setting.choice(
        "MIGRATE", of: ["auto", "off"], help: "bring PostgreSQL's schema up to date at start", default: "auto")
    static let postgresPoolSize = Setting.integer(
        "API_POSTGRES_CONNECTIONS", in: 1...64, help: "connections for history", default: "4")
    static let maxWebSocketClients = Setting.integer(
        "MAX_WEBSOCKET_CLIENTS", in: 1...100_000,
        help: "clients of WebSockets and /events at a time; more are sent away", default: "2500")
    static let maxConnections = Setting.integer(
        "MAX_HTTP_CONNECTIONS", in: 16...200_000, help: "connections at a time; more wait to be accepted",
        default: "5000")
    static let venueSilentAfter = Setting<Duration>.duration(
        "VENUE_SILENT_AFTER", in: .seconds(1) ... .seconds(3_600),
        help: "a venue without a trade of any symbol for so long is shown as silent", default: "5s")
    static let priceMaxAge = Setting<Duration>.duration(
        "PRICE_WITHOUT_REDIS", in: .zero ... .seconds(3_600),
        help: "how long /price goes on from memory while Redis is down", default: "60s")
    static let defaultInterval = Setting<Interval>(
        "DEFAULT_INTERVAL", help: "interval of a request that names none", default: "10s"
    ) { text throws(SettingProblem) in
        guard let interval = Interval(text) else {
            throw SettingProblem("one of " + Interval.allCases.map(\.description).joined(separator: ", "))
        }
        return interval
    }
    static let dataSaveInterval = Setting<Int64>(
        "DATA_SAVE_INTERVAL", help: "seconds for which /api/history has one price each", default: "60"
    ) { text throws(SettingProblem) in
        let seconds = Int64(text.hasSuffix("s") ? String(text.dropLast()) : text)
        guard let seconds, (10...86_400).contains(seconds),
            SavedPrices.interval(for: seconds, among: Interval.allCases) != nil
        else {
            throw SettingProblem(
                "seconds from 10 to 86400, a whole number of candles and not more than \(SavedPrices.mostCandles): 60")
        }
        return seconds
    }
    static let crossOrigins = Setting<[String]>(
        "CORS_ORIGINS",
        help:
            "origins whose pages may read answers and open WebSockets, https://example.org, comma-separated; * for all",
        default: nil
    ) { text throws(SettingProblem) in
        let origins = text.split(separator: ",").map { $0.filter { $0 != " " }.lowercased() }
        let areOrigins = origins.allSatisfy { origin in
            guard origin != "*" else { return true }
            let parts = origin.split(separator: "/", omittingEmptySubsequences: false)
            // scheme://host, and no path behind it.
            return parts.count == 3 && ["http:", "https:"].contains(String(parts[0])) && parts[1].isEmpty
                && !parts[2].isEmpty
        }
        guard !origins.isEmpty, areOrigins else { throw SettingProblem("https://example.org, comma-separated, or *") }
        return origins
    }
    static let recentTrades = Setting.integer(
        "RECENT_TRADES", in: 1...10_000, help: "trades of an instrument that are kept in memory, out of Kafka",
        default: "1000")
    static let tradeFetchWait = Setting<Duration>.duration(
        "TRADE_FETCH_WAIT", in: .zero ... .seconds(1),
        help: "how long Kafka may gather trades before they are fetched; 0ms fetches each at once, many times a second",
        default: "10ms")

    static let requestsPerMinute = Setting.integer(
        "RATE_LIMIT", in: 0...10_000_000,
        help: "requests a minute from one address, upgrades included; more are answered with 429; 0 limits nothing",
        default: "6000")
    static let trustedProxies = Setting<[NetworkRange]>(
        "TRUSTED_PROXIES",
        help: "proxies whose X-Forwarded-For is taken, 10.0.0.0/8, comma-separated; nobody's if not set", default: nil
    ) { text throws(SettingProblem) in
        var ranges: [NetworkRange] = []
        for part in text.split(separator: ",") {
            guard let range = NetworkRange(part.filter { $0 != " " }) else {
                throw SettingProblem("addresses and ranges like 10.0.0.0/8, comma-separated")
            }
            ranges.append(range)
        }
        return ranges
    }
    static let tlsCertificate = Setting.text(
        "API_TLS_CERTIFICATE", help: "PEM file of the certificate and its chain: TLS on API_PORT; read at the start",
        default: nil)
    static let tlsKey = Setting.text(
        "API_TLS_KEY", help: "PEM file of the certificate's private key", default: nil)
    static let token = Setting<String>(
        "API_TOKEN", help: "who sends it as bearer token may change what is followed; nobody may while it is not set",
        default: nil, isSecret: true
    ) { text throws(SettingProblem) in
        guard (16...512).contains(text.utf8.count), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw SettingProblem("16 to 512 visible ASCII characters")
        }
        return text
    }

    /// Everything that `--help` lists for this service.
    static let all: [any AnySetting] =
        [
            host, port, assetsFolder, dashboardFolder, migrate, postgresPoolSize, maxWebSocketClients, maxConnections,
            venueSilentAfter, priceMaxAge, recentTrades, tradeFetchWait, defaultInterval, dataSaveInterval,
            crossOrigins, SharedSettings.postgresURL, SharedSettings.redisURL, SharedSettings.symbols,
            SharedSettings.candleIntervals, token, requestsPerMinute, trustedProxies, tlsCertificate, tlsKey,
        ] + SharedSettings.venues + SharedSettings.kafka
}
