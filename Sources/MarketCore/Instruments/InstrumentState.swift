/// Everything that is remembered of one instrument of a partition.
struct InstrumentState {
    // What every trade touches comes first.
    var ids = IDLedger()
    var hot = HotWindow()
    /// The trade with the highest key; none while its time is ``noTime``.
    var latestPrice = Price(raw: 0)
    var latestKey = TradeKey(generation: 0, id: 0)
    var latestEventMicros = noTime
    /// The smallest event time of a trade with a quantity; `Int64.max` before the first. Of a window that began before
    /// it nobody knows what is missing.
    var earliestMicros = Int64.max
    var pending = Pending()

    /// All open windows but the hot one, in no order.
    var windows: [OpenWindow] = []
    /// By level: windows that begin before it have not seen all their trades, because their interval was configured
    /// later. Empty as long as none was.
    var sinceMicros: [Int64] = []
    /// Some window was merged into its row before it closed.
    var hasFlushedEarly = false
    /// Sums of the trades too large to be summed without care.
    var largeVolume: Int128 = 0
    var largeQuoteVolume: Int128 = 0

    /// Who has not been told of the latest change.
    struct Pending: OptionSet {
        var rawValue: UInt8 = 0
        static let commit = Pending(rawValue: 1)
        static let live = Pending(rawValue: 2)
        static let all: Pending = [.commit, .live]
    }

    /// Open windows there are.
    var openCount: Int { windows.count + (hot.isOpen ? 1 : 0) }

    /// All open windows, shorter ones first, then by time.
    var sortedWindows: [OpenWindow] {
        ([hot.window].compactMap(\.self) + windows).sorted { ($0.level, $0.startMicros) < ($1.level, $1.startMicros) }
    }

    /// Whether a window's missing trades cannot be known.
    func isUnknown(level: Int, startMicros: Int64) -> Bool {
        startMicros < earliestMicros || startMicros < since(level)
    }

    /// Windows of this level that begin before it are not complete.
    func since(_ level: Int) -> Int64 { sinceMicros.isEmpty ? noTime : sinceMicros[level] }

    /// Takes a window out.
    mutating func removeWindow(level: Int, startMicros: Int64) -> OpenWindow? {
        if level == 0, hot.startMicros == startMicros {
            let window = hot.window
            hot = HotWindow()
            return window
        }
        guard let index = windowIndex(level: level, startMicros: startMicros) else { return nil }
        return windows.remove(at: index)
    }

    /// Where a window that is not the hot one lies in `windows`.
    func windowIndex(level: Int, startMicros: Int64) -> Int? {
        windows.firstIndex { $0.startMicros == startMicros && $0.level == level }
    }

    /// Makes a base window the hot one.
    ///
    /// - Returns: whether it had not been open.
    mutating func activate(startMicros: Int64, lengthMicros: Int64) -> Bool {
        if let window = hot.window { windows.append(window) }
        if let index = windowIndex(level: 0, startMicros: startMicros) {
            hot = HotWindow(windows.remove(at: index), lengthMicros: lengthMicros)
            return false
        }
        hot = HotWindow(OpenWindow(level: 0, startMicros: startMicros, candle: nil), lengthMicros: lengthMicros)
        return true
    }
}
