import MarketCore
import Synchronization

/// What one of a feed's connections follows. It may change while the connection is open.
final class LineInstruments: Sendable {
    private struct Contents {
        var instruments: [Instrument] = []
        var version = 0
    }

    /// As the receiver is told the connection: `binance`, `binance-2`.
    let name: String
    private let contents = Mutex(Contents())
    private let changed = ChangeSignal()

    init(name: String) { self.name = name }

    var instruments: [Instrument] { contents.withLock { $0.instruments } }

    /// - Returns: nil where nothing has changed since that version.
    func newer(than version: Int) -> (version: Int, instruments: [Instrument])? {
        contents.withLock { $0.version == version ? nil : ($0.version, $0.instruments) }
    }

    func changes() -> AsyncStream<Void> { changed.listen() }

    func set(_ instruments: [Instrument]) {
        let isNew = contents.withLock { contents in
            guard contents.instruments != instruments else { return false }
            contents.instruments = instruments
            contents.version += 1
            return true
        }
        if isNew { changed.tell() }
    }
}
