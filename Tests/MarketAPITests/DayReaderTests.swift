import MarketCore
import MarketWire
import ServiceKit
import Synchronization
import Testing

@testable import MarketAPI

struct DayReaderTests {
    /// Whoever waits for another's reading may be let on before him: he must not keep him from ending it.
    @Test(.timeLimit(.minutes(1))) func aWaiterOfHigherPriorityLetsTheReaderEnd() async throws {
        let bitcoin = try Instrument(key: "BTCUSDT")
        let ether = try Instrument(key: "ETHUSDT")
        for _ in 0..<20 {
            let history = GatedHistory()
            let reader = DayReader(
                history: history, pending: PendingCandles(time: .system), intervals: Interval.allCases, time: .system)
            let first = Task(priority: .background) { try await reader.days([bitcoin]) }
            try await eventually("the first one reads") { history.asked.withLock { $0 } == 1 }
            let second = Task(priority: .high) { try await reader.days([ether]) }
            try await Task.sleep(for: .milliseconds(2))
            history.open()
            _ = try await first.value
            _ = try await second.value
            #expect(history.asked.withLock { $0 } == 2)
        }
    }
}

/// Answers nothing before it is opened, and then that there is nothing.
private final class GatedHistory: CandleRepository {
    let asked = Mutex(0)
    private let gate: AsyncStream<Void>
    private let opener: AsyncStream<Void>.Continuation

    init() { (gate, opener) = AsyncStream.makeStream(of: Void.self) }

    func open() { opener.finish() }

    func sums(of symbols: [String], over spans: CandleSpans) async throws(HistoryError) -> [CandleSum] {
        asked.withLock { $0 += 1 }
        for await _ in gate {}
        return []
    }

    func candles(_ selection: CandleSelection) async throws(HistoryError) -> [CandleRecord] { [] }
    func numbers(of symbols: [String]) async throws(HistoryError) -> [InstrumentNumber] { [] }
    func instruments() async throws(HistoryError) -> [InstrumentInfo] { [] }
}
