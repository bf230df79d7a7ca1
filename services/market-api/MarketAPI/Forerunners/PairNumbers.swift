import MarketCore
import Synchronization

/// The stable numbers of the followed instruments. A number never changes, so each is asked for once.
final class PairNumbers: Sendable {
    private let board: LiveBoard
    private let history: any CandleRepository
    private let known = Mutex<[String: InstrumentNumber]>([:])

    init(board: LiveBoard, history: any CandleRepository) {
        self.board = board
        self.history = history
    }

    /// All followed instruments, ascending by number.
    func all() async throws(HistoryError) -> [InstrumentNumber] {
        let symbols = board.instruments.map(\.info.instrument.key)
        let isComplete = known.withLock { known in symbols.allSatisfy { known[$0] != nil } }
        if !isComplete {
            let numbers = try await history.numbers(of: symbols.sorted())
            known.withLock { known in
                for number in numbers { known[number.symbol] = number }
            }
        }
        return known.withLock { known in symbols.compactMap { known[$0] } }.sorted { $0.id < $1.id }
    }
}
