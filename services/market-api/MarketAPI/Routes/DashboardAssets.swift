import FoundationEssentials
import HTTPTypes
import Hummingbird

/// A file of the page, ready to be sent.
struct DashboardAsset: Sendable {
    let body: ByteBuffer
    let mediaType: String
    /// Changes with the bytes.
    let entityTag: EntityTag

    init(_ bytes: [UInt8], mediaType: String) {
        body = ByteBuffer(bytes: bytes)
        self.mediaType = mediaType
        entityTag = EntityTag(of: bytes)
    }
}

/// The files of the dashboard: compiled in, or read from a folder while somebody works on them.
struct DashboardAssets: Sendable {
    static let chartLibrary = "lightweight-charts.js"
    static let page = "index.html"
    static let systemPage = "system.html"

    private let files: [String: DashboardAsset]
    private let folder: String?

    /// - Parameters:
    ///   - folder: to read the page's own files from, at each request; nil takes those that are compiled in.
    ///   - assetsFolder: where the chart library is; nil looks in the usual places.
    init(folder: String?, assetsFolder: String?) {
        self.folder = folder
        var files = Self.embedded
        // Read once at start, before anything is served.
        let places = assetsFolder.map { [$0] } ?? Self.usualPlaces
        for place in places {
            guard let data = FileManager.default.contents(atPath: "\(place)/\(Self.chartLibrary)") else { continue }
            files[Self.chartLibrary] = DashboardAsset(Array(data), mediaType: "text/javascript; charset=utf-8")
            break
        }
        self.files = files
    }

    /// Whether the chart can be drawn.
    var hasChartLibrary: Bool { files[Self.chartLibrary] != nil }

    /// The names under which files are served.
    var names: [String] { Self.embedded.keys.sorted() + [Self.chartLibrary] }

    /// A file by its name; only those of the page are there, whatever the folder holds.
    func file(_ name: String) -> DashboardAsset? {
        guard let known = files[name] else { return nil }
        guard let folder, name != Self.chartLibrary else { return known }
        guard let data = FileManager.default.contents(atPath: "\(folder)/\(name)") else { return known }
        return DashboardAsset(Array(data), mediaType: known.mediaType)
    }

    private static var usualPlaces: [String] {
        var places: [String] = []
        if let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"),
            let slash = program.lastIndex(of: "/")
        {
            places.append(program[..<slash] + "/../share/market-stream")
        }
        places.append(".deps/assets")
        return places
    }

    private static let script = "text/javascript; charset=utf-8"
    private static let embedded: [String: DashboardAsset] = [
        page: DashboardAsset(PackageResources.index_html, mediaType: "text/html; charset=utf-8"),
        "app.css": DashboardAsset(PackageResources.app_css, mediaType: "text/css; charset=utf-8"),
        "market.css": DashboardAsset(PackageResources.market_css, mediaType: "text/css; charset=utf-8"),
        "theme.js": DashboardAsset(PackageResources.theme_js, mediaType: script),
        "favicon.svg": DashboardAsset(PackageResources.favicon_svg, mediaType: "image/svg+xml"),
        "app.js": DashboardAsset(PackageResources.app_js, mediaType: script),
        "address.js": DashboardAsset(PackageResources.address_js, mediaType: script),
        "candles.js": DashboardAsset(PackageResources.candles_js, mediaType: script),
        "chart.js": DashboardAsset(PackageResources.chart_js, mediaType: script),
        "feed.js": DashboardAsset(PackageResources.feed_js, mediaType: script),
        "market.js": DashboardAsset(PackageResources.market_js, mediaType: script),
        "quote.js": DashboardAsset(PackageResources.quote_js, mediaType: script),
        "state.js": DashboardAsset(PackageResources.state_js, mediaType: script),
        "table.js": DashboardAsset(PackageResources.table_js, mediaType: script),
        "text.js": DashboardAsset(PackageResources.text_js, mediaType: script),
        systemPage: DashboardAsset(PackageResources.system_html, mediaType: "text/html; charset=utf-8"),
        "system.css": DashboardAsset(PackageResources.system_css, mediaType: "text/css; charset=utf-8"),
        "system.js": DashboardAsset(PackageResources.system_js, mediaType: script),
        "system-data.js": DashboardAsset(PackageResources.system_data_js, mediaType: script),
        "system-plot.js": DashboardAsset(PackageResources.system_plot_js, mediaType: script),
        "system-tables.js": DashboardAsset(PackageResources.system_tables_js, mediaType: script),
        "system-symbols.js": DashboardAsset(PackageResources.system_symbols_js, mediaType: script),
    ]
}
