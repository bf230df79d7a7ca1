/// What is remembered of those holes of one instrument that are rows of `id_holes`.
struct StoredHoles: Equatable {
    /// A row that a commit under way writes: the table may not show it yet.
    struct Unconfirmed: Equatable {
        /// The commit's number.
        var sequence: Int64
        var hole: StoredHole
    }

    /// Every stored hole lies below this id.
    private(set) var below = IDLedger.noID
    /// Rows there are.
    private(set) var count: Int64 = 0
    /// Of those the ones worth fetching, as far as known; never too low.
    var openCount: Int64 = 0
    /// Below `below`, ranges of ids whose every hole is in memory.
    private(set) var knownRegions: [ClosedRange<Int64>] = []
    /// By first id.
    private(set) var unconfirmed: [Int64: Unconfirmed] = [:]

    /// Enough for what one batch touches; forgetting one costs a look-up.
    private static let maxKnownRegions = 256

    init() {}

    /// - Parameters: as a snapshot has them.
    init(below: Int64, count: Int64, openCount: Int64) {
        self.below = below
        self.count = count
        self.openCount = openCount
    }

    /// Every hole that shares an id with the range is in memory.
    func areKnown(_ ids: ClosedRange<Int64>) -> Bool {
        ids.lowerBound >= below || count == 0
            || knownRegions.contains { $0.lowerBound <= ids.lowerBound && ids.upperBound <= $0.upperBound }
    }

    /// All rows were loaded that share an id with a range.
    mutating func learn(_ ids: ClosedRange<Int64>) {
        if knownRegions.count == Self.maxKnownRegions { knownRegions.removeFirst() }
        knownRegions.append(ids)
    }

    /// A hole leaves memory.
    mutating func add(_ hole: StoredHole, isOpen: Bool, sequence: Int64) {
        below = max(below, hole.lastID + 1)
        count += 1
        if isOpen { openCount += 1 }
        knownRegions.removeAll()
        unconfirmed[hole.key.firstID] = Unconfirmed(sequence: sequence, hole: hole)
    }

    /// The commits up to this number are in the table.
    mutating func confirm(_ sequence: Int64) {
        unconfirmed = unconfirmed.filter { $0.value.sequence > sequence }
    }

    /// A hole comes back to memory.
    mutating func remove(_ hole: StoredHole, isOpen: Bool) {
        count -= 1
        if isOpen, openCount > 0 { openCount -= 1 }
        unconfirmed[hole.key.firstID] = nil
        guard count <= 0 else { return }
        count = 0
        openCount = 0
        below = IDLedger.noID
        knownRegions.removeAll()
    }
}
