import Testing

/// Who may import what: the dependency rule of docs/ARCHITECTURE.md as a table.
enum ImportRules {
    /// Modules of the platform that hold no I/O framework.
    static let platform: Set<String> = ["Glibc", "Musl", "Synchronization"]
    static let swiftServer: Set<String> = ["Logging", "Metrics", "ServiceLifecycle"]
    static let nio: Set<String> = [
        "NIOCore", "NIOPosix", "NIOHTTP1", "NIOWebSocket", "NIOSSL", "NIOHTTPCompression", "NIOHTTPTypes",
        "NIOHTTPTypesHTTP1", "HTTPTypes",
        "HummingbirdCore", "Hummingbird",
    ]
    static let clients: Set<String> = ["KafkaClient", "PostgresClient", "RedisClient"]
    static let cModules: [String: String] = [
        "CRdKafka": "KafkaClient", "CLibPQ": "PostgresClient", "CHiredis": "RedisClient", "COpenSSL": "RedisClient",
        "CZlib": "Gzip",
    ]

    /// Folder of a module to the modules it may import. A folder that is not in the table may import nothing.
    static let table: [String: Set<String>] = {
        let domain: Set<String> = ["MarketCore", "MarketWire"]
        let service = domain.union(platform).union(swiftServer).union(["ServiceKit", "Schemas", "FoundationEssentials"])
        return [
            "Sources/MarketCore": [],
            "Sources/MarketWire": ["MarketCore", "FoundationEssentials"],
            "Sources/ClientThreads": platform,
            "Sources/KafkaClient": platform.union(["CRdKafka", "ClientThreads"]),
            "Sources/PostgresClient": platform.union(["CLibPQ", "ClientThreads"]),
            "Sources/RedisClient": platform.union(["CHiredis", "COpenSSL", "ClientThreads"]),
            "Sources/Gzip": ["CZlib"],
            "Sources/InfluxClient": platform.union([
                "AsyncHTTPClient", "NIOCore", "NIOHTTP1", "NIOSSL", "FoundationEssentials",
            ]),
            "Sources/WebSockets": nio.union(platform).union(["Logging"]),
            "Sources/Exchanges": domain.union(platform).union(nio).union([
                "WebSockets", "Gzip", "AsyncHTTPClient", "Logging", "FoundationEssentials",
            ]),
            "Sources/ServiceKit": domain.union(clients).union(nio).union(platform).union(swiftServer).union([
                "Schemas", "Configuration", "CoreMetrics", "UnixSignals", "SystemPackage", "AsyncHTTPClient",
                "FoundationEssentials", "InfluxClient",
            ]),
            "schemas": [],
            "services/market-producer/MarketProducer": service.union(["KafkaClient", "Exchanges", "WebSockets"]),
            "services/trade-processor/TradeProcessor": service.union(clients).union([
                "InfluxClient", "Dispatch",
            ]),
            "services/market-api/MarketAPI": service.union(clients).union(nio).union(["Exchanges", "WebSockets"]),
            "services/exchange-simulator/ExchangeSimulator": service.union(nio).union(["Exchanges", "WebSockets"]),
            "services/marketctl/MarketCtl": service.union(clients).union(nio).union([
                "Exchanges", "InfluxClient", "ArgumentParser", "AsyncHTTPClient", "Gzip", "SystemPackage",
            ]),
            "services/marketctl/Main": ["MarketCtl"],
            "services/market-producer/Main": ["MarketProducer", "ServiceKit"],
            "services/trade-processor/Main": ["TradeProcessor", "ServiceKit"],
            "services/market-api/Main": ["MarketAPI", "ServiceKit"],
            "services/exchange-simulator/Main": ["ExchangeSimulator", "ServiceKit"],
        ]
    }()

    /// The folder of the table that a path belongs to.
    static func folder(of path: String) -> String? {
        table.keys.filter { path.hasPrefix($0 + "/") }.max { $0.count < $1.count }
    }

    /// The module that an import line names, whatever stands before or after it.
    static func importedModule(_ line: String) -> String? {
        var words = line.split(separator: " ").map(String.init)[...]
        while let word = words.first,
            word.hasPrefix("@") || ["public", "package", "internal", "private"].contains(word)
        {
            words.removeFirst()
        }
        guard words.first == "import", words.count > 1 else { return nil }
        words.removeFirst()
        let kinds: Set<String> = ["struct", "class", "enum", "func", "var", "let", "protocol", "typealias"]
        if let word = words.first, kinds.contains(word) { words.removeFirst() }
        return words.first?.split(separator: ".").first.map(String.init)
    }

    static func findings(_ path: String, _ source: SourceText) -> [Finding] {
        guard let folder = folder(of: path), let allowed = table[folder] else {
            return [Finding(path: path, line: 1, problem: "its folder is not in the table of allowed imports")]
        }
        return source.code.enumerated().compactMap { index, line in
            guard let module = importedModule(line), !allowed.contains(module) else { return nil }
            return Finding(path: path, line: index + 1, problem: "\(folder) may not import \(module)")
        }
    }
}

extension TidyTests {
    @Test func importsFollowTheTable() {
        let paths = Repository.productPaths
        #expect(paths.count > 20, "the sources were not found")
        report(paths.flatMap { ImportRules.findings($0, SourceText(Repository.text($0))) })
    }

    @Test func cModulesStayBehindTheirClient() {
        for (cModule, client) in ImportRules.cModules {
            for (folder, allowed) in ImportRules.table where allowed.contains(cModule) {
                #expect(folder == "Sources/\(client)")
            }
        }
    }

    @Test func forbiddenImportsAreFound() {
        let core = SourceText("import Foundation\n// import Logging\n@preconcurrency public import struct CRdKafka.x")
        #expect(
            ImportRules.findings("Sources/MarketCore/A.swift", core).map(\.line) == [1, 3])
        let service = SourceText("import MarketCore\nimport TradeProcessor")
        #expect(ImportRules.findings("services/market-api/MarketAPI/A.swift", service).map(\.line) == [2])
        #expect(!ImportRules.findings("Sources/Elsewhere/A.swift", SourceText("")).isEmpty)
    }
}
