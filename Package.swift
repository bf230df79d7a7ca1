// swift-tools-version: 6.2
import PackageDescription

// CI builds with warnings as errors; a newer compiler's new warning must not stop a user.
let isStrict = Context.environment["MARKET_STREAM_STRICT"] == "1"

let swiftSettings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableExperimentalFeature("Lifetimes"),
    ] + (isStrict ? [.treatAllWarnings(as: .error)] : [])

// librdkafka of scripts/setup first (DESIGN: Debian 12's is too old for some brokers), then the one beside an
// installed binary.
let rpaths: [LinkerSetting] = [
    .unsafeFlags([
        "-Xlinker", "-rpath", "-Xlinker", "\(Context.packageDirectory)/.deps/lib",
        "-Xlinker", "-rpath", "-Xlinker", "$ORIGIN/../lib",
    ])
]

let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "Metrics", package: "swift-metrics")
let configuration: Target.Dependency = .product(name: "Configuration", package: "swift-configuration")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let coreMetrics: Target.Dependency = .product(name: "CoreMetrics", package: "swift-metrics")
let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let httpClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
    .product(name: "NIOWebSocket", package: "swift-nio"),
    .product(name: "NIOSSL", package: "swift-nio-ssl"),
    .product(name: "HTTPTypes", package: "swift-http-types"),
    .product(name: "NIOHTTPCompression", package: "swift-nio-extras"),
    .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
    .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
    .product(name: "HummingbirdCore", package: "hummingbird"),
]

func library(
    _ name: String, path: String? = nil, _ dependencies: [Target.Dependency] = [],
    resources: [Resource]? = nil, exclude: [String] = []
) -> Target {
    .target(
        name: name, dependencies: dependencies, path: path ?? "Sources/\(name)", exclude: exclude,
        resources: resources, swiftSettings: swiftSettings)
}

/// A service: a library with its rooms, and one file over it that is the executable.
func service(
    _ name: String, library libraryName: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil
) -> [Target] {
    [
        library(libraryName, path: "services/\(name)/\(libraryName)", dependencies, resources: resources),
        .executableTarget(
            name: name, dependencies: [.target(name: libraryName)], path: "services/\(name)/Main",
            swiftSettings: swiftSettings, linkerSettings: rpaths),
    ]
}

func benchmark(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, path: "Benchmarks/\(name)", swiftSettings: swiftSettings,
        linkerSettings: rpaths)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, path: "Tests/\(name)", resources: resources,
        swiftSettings: swiftSettings, linkerSettings: rpaths)
}

let libraryTargets: [Target] = [
    .systemLibrary(name: "CRdKafka", path: "Sources/CRdKafka"),
    .systemLibrary(name: "CLibPQ", path: "Sources/CLibPQ"),
    .systemLibrary(name: "CHiredis", path: "Sources/CHiredis"),
    .systemLibrary(name: "COpenSSL", path: "Sources/COpenSSL"),
    .systemLibrary(name: "CZlib", path: "Sources/CZlib"),
    library("MarketCore"),
    library("MarketWire", ["MarketCore"]),
    library("ClientThreads"),
    library("KafkaClient", ["CRdKafka", "ClientThreads"]),
    library("PostgresClient", ["CLibPQ", "ClientThreads"]),
    library("RedisClient", ["CHiredis", "COpenSSL", "ClientThreads"]),
    library("Gzip", ["CZlib"]),
    library(
        "InfluxClient",
        [
            httpClient, .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOHTTP1", package: "swift-nio"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
        ]),
    library("WebSockets", nio + [hummingbird, logging]),
    library("Exchanges", ["MarketCore", "MarketWire", "WebSockets", "Gzip", httpClient] + nio),
    library(
        "Schemas", path: "schemas",
        resources: [
            .embedInCode("postgres/001_candles.sql"), .embedInCode("postgres/002_candle_merge.sql"),
            .embedInCode("postgres/003_progress.sql"), .embedInCode("postgres/004_records.sql"),
            .embedInCode("postgres/005_recovery.sql"), .embedInCode("postgres/006_subscriptions.sql"),
            .embedInCode("postgres/007_instrument_numbers.sql"), .embedInCode("postgres/008_influx.sql"),
            .embedInCode("postgres/009_roles.sql"),
            .embedInCode("openapi.yaml"), .embedInCode("asyncapi.yaml"),
        ],
        exclude: ["kafka", "redis", "capture.schema.json", "capture.sample.jsonl"]),
    library(
        "ServiceKit",
        [
            "MarketCore", "MarketWire", "KafkaClient", "PostgresClient", "RedisClient", "InfluxClient", "Schemas",
            hummingbird, httpClient, logging, metrics, coreMetrics, configuration, system, lifecycle,
            unixSignals,
        ]),
]

let testTargets: [Target] = [
    library("TestServers", path: "Tests/TestServers", ["KafkaClient", "PostgresClient", "RedisClient"]),
    library("SimulatedMarket", path: "Tests/SimulatedMarket", ["MarketCore"]),
    library(
        "Simulation", path: "Tests/Simulation/Simulation",
        ["SimulatedMarket", "TradeProcessor", "MarketCore", "MarketWire", "ServiceKit", logging]),
    .executableTarget(
        name: "simulate", dependencies: ["Simulation"], path: "Tests/Simulation/Main",
        swiftSettings: swiftSettings, linkerSettings: rpaths),
    tests("SimulationTests", ["Simulation", "SimulatedMarket"]),
    tests("MarketCoreTests", ["MarketCore", "SimulatedMarket"]),
    tests("MarketWireTests", ["MarketWire", "MarketCore"]),
    tests("KafkaClientTests", ["KafkaClient", "CRdKafka", "TestServers"]),
    tests("PostgresClientTests", ["PostgresClient", "Schemas", "TestServers"]),
    tests("RedisClientTests", ["RedisClient", "TestServers"]),
    tests("ServiceKitTests", ["ServiceKit", "KafkaClient", logging, metrics]),
    tests("GzipTests", ["Gzip"]),
    tests("InfluxClientTests", ["InfluxClient"]),
    tests(
        "ExchangesTests",
        [
            "Exchanges", "Gzip", "MarketCore", "MarketWire", "TestServers", "WebSockets", hummingbird, lifecycle,
            logging,
        ] + nio),
    tests(
        "ExchangeSimulatorTests",
        [
            "ExchangeSimulator", "Exchanges", "MarketCore", "MarketWire", "ServiceKit", "TestServers", "WebSockets",
            httpClient, lifecycle, logging,
        ] + nio),
    tests(
        "MarketProducerTests",
        [
            "MarketProducer", "Exchanges", "KafkaClient", "CRdKafka", "MarketCore", "MarketWire", "ServiceKit",
            "TestServers", "exchange-simulator", lifecycle, logging, metrics,
        ]),
    tests(
        "MarketAPITests",
        [
            "MarketAPI", "Exchanges", "KafkaClient", "MarketCore", "MarketWire", "PostgresClient", "RedisClient",
            "Schemas", "ServiceKit", "TestServers", "WebSockets", httpClient, lifecycle, logging, metrics,
        ] + nio + [hummingbird]),
    tests("WebSocketsTests", ["WebSockets", hummingbird, lifecycle, logging] + nio),
    tests(
        "TradeProcessorTests",
        [
            "TradeProcessor", "MarketCore", "MarketWire", "RedisClient", "PostgresClient", "KafkaClient",
            "Schemas", "ServiceKit", "TestServers", logging,
        ]),
    tests(
        "MarketCtlTests",
        [
            "MarketCtl", "TradeProcessor", "Exchanges", "Gzip", "MarketCore", "MarketWire", "PostgresClient",
            "KafkaClient", "Schemas", "ServiceKit", "TestServers", "trade-processor", "exchange-simulator", arguments,
            hummingbird, logging,
        ]),
    tests("TidyTests", []),
]

// What scripts/bench measures with; no part of a normal build.
let benchmarkTargets: [Target] =
    Context.environment["MARKET_STREAM_BENCHMARKS"] == "1"
    ? [
        .systemLibrary(name: "CEpoll", path: "Benchmarks/CEpoll"),
        benchmark("micro-benchmarks", ["Exchanges", "MarketCore", "MarketWire", "WebSockets", arguments]),
        benchmark("fixed-answers", ["MarketAPI", hummingbird, httpTypes]),
        benchmark(
            "load-tools",
            [
                "CEpoll", "Exchanges", "KafkaClient", "MarketCore", "MarketWire", "ServiceKit", "WebSockets", arguments,
                hummingbird, logging,
            ] + nio),
    ] : []

let serviceTargets: [[Target]] = [
    service(
        "market-producer", library: "MarketProducer",
        [
            "MarketCore", "MarketWire", "KafkaClient", "Exchanges", "ServiceKit", "WebSockets", lifecycle, logging,
            metrics,
        ]),
    service(
        "trade-processor", library: "TradeProcessor",
        [
            "MarketCore", "MarketWire", "KafkaClient", "PostgresClient", "RedisClient", "InfluxClient",
            "ServiceKit",
            "Schemas", lifecycle, logging, metrics,
        ]),
    service(
        "market-api", library: "MarketAPI",
        [
            "MarketCore", "MarketWire", "KafkaClient", "PostgresClient", "RedisClient", "Exchanges", "Schemas",
            "ServiceKit", "WebSockets", hummingbird, hummingbirdCore, httpTypes, lifecycle, logging, metrics,
        ], resources: [.embedInCode("Dashboard"), .embedInCode("Documentation")]),
    service(
        "marketctl", library: "MarketCtl",
        [
            "MarketCore", "MarketWire", "KafkaClient", "PostgresClient", "RedisClient", "InfluxClient", "Exchanges",
            "Gzip", "Schemas", "ServiceKit", arguments, httpClient, httpTypes, logging, system,
            .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
            .product(name: "NIOPosix", package: "swift-nio"),
        ]),
    service(
        "exchange-simulator", library: "ExchangeSimulator",
        [
            "MarketCore", "MarketWire", "Exchanges", "ServiceKit", "WebSockets", hummingbird, lifecycle, logging,
            metrics,
        ] + nio),
]

let package = Package(
    name: "market-stream",
    // 128-bit integers. Services run on Linux; the domain, wire formats and WebSockets build there, too.
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "market-producer", targets: ["market-producer"]),
        .executable(name: "trade-processor", targets: ["trade-processor"]),
        .executable(name: "market-api", targets: ["market-api"]),
        .executable(name: "marketctl", targets: ["marketctl"]),
        .executable(name: "exchange-simulator", targets: ["exchange-simulator"]),
        .executable(name: "simulate", targets: ["simulate"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.34.0"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.34.1"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.3.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.26.0"),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.30.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.14.0"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.7.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.8.0"),
        .package(url: "https://github.com/apple/swift-configuration.git", from: "1.2.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.5.0"),
    ],
    targets: libraryTargets + serviceTargets.flatMap { $0 } + testTargets + benchmarkTargets
)
