import Exchanges
import FoundationEssentials
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import ServiceKit
import WebSockets

/// The simulator: streams and REST of Binance spot on one port.
public struct ExchangeSimulatorService: Sendable {
    private let context: ServiceContext
    private let settings: SimulatorSettings
    private let time: TimeSource
    private let rules: StreamRules
    private let onRunning: @Sendable (Int) -> Void

    /// - Parameter onRunning: is told the port once the server listens.
    /// - Throws: `SettingsError`.
    public init(
        _ context: ServiceContext, time: TimeSource = .system, onRunning: @escaping @Sendable (Int) -> Void = { _ in }
    ) throws(SettingsError) {
        self.context = context
        self.time = time
        self.onRunning = onRunning
        settings = try SimulatorSettings(context.settings)
        var rules = StreamRules()
        rules.delay = settings.delay
        rules.maxLag = settings.maxLag
        self.rules = rules
    }

    /// Runs until a graceful shutdown.
    public func run() async throws {
        let tape = try await makeTape()
        let configuration = try await serverConfiguration()
        let faults = FaultBoard()
        let session = StreamSession(tape: tape, time: time, rules: rules, faults: faults)
        let logger = context.logger
        let onRunning = onRunning
        var quiet = context.logger(for: "http")
        quiet.logLevel = .warning
        let application = Application(
            router: router(tape, faults),
            server: .webSocketUpgrade(configuration: configuration) { request in
                guard let address = BinanceStreamAddress(path: request.path, query: request.query) else {
                    return .dontUpgrade
                }
                return .upgrade([:]) { try await session.run($0, address) }
            },
            configuration: .init(address: .hostname(settings.host, port: settings.port), serverName: "simulator"),
            onServerRunning: { channel in
                logger.info(
                    "the simulated exchange answers",
                    metadata: [
                        "address": "\(channel.localAddress.map { "\($0)" } ?? "?")", "source": "\(tape.source)",
                        "symbols": "\(tape.symbols.map(\.symbol).joined(separator: ","))",
                    ])
                onRunning(channel.localAddress?.port ?? 0)
            }, logger: quiet)
        context.health.set("tape", .ok)
        let (plan, time, faultLogger) = (try await faultPlan(), time, context.logger(for: "faults"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            if let plan {
                group.addTask {
                    do { try await plan.run(faults, time: time, logger: faultLogger) } catch is CancellationError {}
                    // The exchange goes on after a script's end.
                    try? await Task.sleep(for: .seconds(1 << 40))
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// The name of the market, for `MARKET_SOURCE`.
    public func source() async throws -> String { try await makeTape().source }

    private func makeTape() async throws -> any MarketTape {
        guard !settings.files.isEmpty else {
            return SyntheticTape(symbols: settings.symbols, seed: settings.seed, rateMilli: settings.rateMilli)
        }
        let files = settings.files
        // Files are read here: not on a thread of the cooperative pool.
        let recordings = try await NIOThreadPool.singleton.runIfActive { try RecordingFile.read(files) }
        guard settings.playback.loops else {
            return RecordedTape(recordings, settings.playback, now: time.wallMicros)
        }
        return LoopedTape(recordings, settings.playback)
    }

    private func faultPlan() async throws -> FaultPlan? {
        if let path = settings.faultScript {
            let script = try await NIOThreadPool.singleton.runIfActive { FileManager.default.contents(atPath: path) }
            do throws(SettingProblem) {
                guard let script else { throw SettingProblem("a file that can be read") }
                return try FaultPlan.script(String(decoding: script, as: UTF8.self))
            } catch {
                throw SettingsError.unusable(SimulatorSettings.faultScript, text: path, error)
            }
        }
        guard !settings.faults.isEmpty else { return nil }
        return .chance(settings.faults, every: settings.faultEvery, seed: settings.faultSeed)
    }

    private func serverConfiguration() async throws -> WebSocketServerConfiguration {
        var configuration = WebSocketServerConfiguration()
        // Binance's: a ping every 20 s, closed after a minute without a pong.
        configuration.pingInterval = .seconds(20)
        configuration.pongTimeout = .seconds(40)
        configuration.outboundLimitBytes = 4 << 20
        if let paths = settings.tls {
            try await configuration.useTLS(certificate: paths.certificate, key: paths.key)
        }
        return configuration
    }

    private func router(_ tape: any MarketTape, _ faults: FaultBoard) -> Router<SimulatorContext> {
        let router = Router(context: SimulatorContext.self)
        router.add(middleware: BinanceErrors())
        RESTInterface(
            tape: tape, weights: RequestWeights(limit: settings.weightLimit), time: time, faults: faults
        ).addRoutes(to: router)
        FaultControl(board: faults, time: time).addRoutes(to: router)
        let context = context
        router.get("health") { _, _ in
            Self.json(context.health.json(status: "ok", extra: [("source", "\"\(tape.source)\"")]))
        }
        router.get("ready") { _, _ in Self.json(context.health.json(status: "ready")) }
        router.get("metrics") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: .init(byteBuffer: ByteBuffer(string: context.metrics.text())))
        }
        for path in ["ws", "ws/**", "stream"] {
            router.get(RouterPath(path)) { _, _ in
                Response(
                    status: .upgradeRequired, headers: [.contentType: "text/plain"],
                    body: .init(byteBuffer: ByteBuffer(string: "this address is for WebSockets\n")))
            }
        }
        return router
    }

    private static func json(_ body: String) -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/json"], body: .init(byteBuffer: ByteBuffer(string: body)))
    }
}
