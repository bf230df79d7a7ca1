import ArgumentParser
import Exchanges
import Hummingbird
import Logging
import MarketCore
import MarketWire
import NIOCore
import ServiceKit
import WebSockets

/// An exchange for market-producer: Binance's combined stream, and of its REST interface what says which symbols there
/// are.
///
/// Not the exchange-simulator: that one sends in steps of 5 ms what is due by its plan, and a trade's time is the
/// planned one. Here it is the microsecond in which the trade is sent.
struct SourceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "source", abstract: "Trades of some symbols over Binance's WebSocket streams.")

    @Option(help: "The port to listen on, at 127.0.0.1.")
    var port: Int
    @Option(help: "The symbols, comma-separated: BTCUSDT,ETHUSDT.")
    var symbols: String
    @Option(help: "Trades a second, of all symbols together.")
    var rate: Int64 = 10_000
    @Option(help: "Send so many trades as fast as they are read, then none; --rate does not count then.")
    var count: Int?

    func run() async throws {
        let symbols = symbols.split(separator: ",").map(String.init)
        let session = SourceSession(supply: try supply(symbols))
        var configuration = WebSocketServerConfiguration()
        configuration.outboundLimitBytes = 4 << 20
        var logger = Logger(label: "source")
        logger.logLevel = .warning
        let application = Application(
            router: try router(symbols),
            server: .webSocketUpgrade(configuration: configuration) { request in
                guard let address = BinanceStreamAddress(path: request.path, query: request.query) else {
                    return .dontUpgrade
                }
                return .upgrade([:]) { try await session.run($0, address) }
            },
            configuration: .init(address: .hostname("127.0.0.1", port: port)), logger: logger)
        try await application.runService()
    }

    private func supply(_ symbols: [String]) throws -> SourceSession.Supply {
        guard !symbols.isEmpty else { throw ValidationError("--symbols names none") }
        if let count { return .counted(count, symbols: symbols) }
        guard rate > 0 else { throw ValidationError("--rate must be above 0") }
        let trades = PacedTrades(symbols: symbols, rate: rate)
        trades.start()
        return .paced(trades)
    }

    private func router(_ symbols: [String]) throws -> Router<BasicRequestContext> {
        guard let tick = Price("0.01"), let step = Quantity("0.01") else { throw ValidationError("no numbers") }
        let records = symbols.map { symbol in
            InstrumentRecord(
                symbol: symbol, base: String(symbol.dropLast(4)), quote: String(symbol.suffix(4)), tickSize: tick,
                lotStep: step, status: .trading)
        }
        let router = Router()
        router.get("/api/v3/exchangeInfo") { _, _ in
            let time = TimeSource.system.wallMicros / 1_000
            return Response(
                status: .ok, headers: [.contentType: "application/json"],
                body: .init(
                    byteBuffer: ByteBuffer(
                        bytes: BinanceBodies.exchangeInfo(records, serverTime: time, weightLimit: nil))))
        }
        return router
    }
}
