/// How what is in memory and what is in the database keep step.
struct StorageState {
    /// Number of the last commit taken.
    var sequence: Int64 = 0
    /// Where the last commit taken ended.
    var committedOffset: Int64
    /// Where the last step stopped short of its batch's end.
    var stoppedAt: Int64?
    private var succeeded: Int64 = 0
    /// Rows of `id_holes` that were taken back into memory and that the table may still show; with the number of the
    /// commit that deletes each.
    private var removals: [StoredHoleKey: Int64] = [:]
    /// Instruments with rows on their way into the table, and the number of their last such commit.
    private var unconfirmed: [(instrument: Int32, sequence: Int64)] = []
    /// Asked for and not yet loaded. What was read for them may be older than any commit since.
    private var requests: [HoleRequest] = []

    /// Instruments whose open holes in memory have run out.
    private var reloads: [Int32] = []

    init(nextOffset: Int64) { committedOffset = nextOffset }

    var isWaiting: Bool { !requests.isEmpty }

    mutating func ask(_ request: HoleRequest) {
        if !requests.contains(request) { requests.append(request) }
    }

    mutating func answered(_ request: HoleRequest) { requests.removeAll { $0 == request } }

    mutating func noteReload(_ instrument: Int32) {
        if !reloads.contains(instrument) { reloads.append(instrument) }
    }

    mutating func takeReloads(limit: Int) -> [Int32] {
        let taken = Array(reloads.prefix(max(0, limit)))
        reloads.removeFirst(taken.count)
        return taken
    }

    /// A row came back into memory; the next commit deletes it.
    mutating func removed(_ key: StoredHoleKey) { removals[key] = sequence + 1 }

    /// The commit being taken writes a row.
    mutating func spilled(_ key: StoredHoleKey) {
        removals[key] = nil
        if let last = unconfirmed.indices.last, unconfirmed[last] == (key.instrument, sequence) { return }
        unconfirmed.append((key.instrument, sequence))
    }

    func wasRemoved(_ key: StoredHoleKey) -> Bool { removals[key] != nil }

    mutating func commitSucceeded(_ sequence: Int64) { succeeded = max(succeeded, sequence) }

    /// Forgets what the table shows by now.
    ///
    /// - Returns: the instruments whose rows up to a commit's number are in the table.
    mutating func confirm() -> (instruments: [Int32], sequence: Int64) {
        guard !isWaiting else { return ([], succeeded) }
        removals = removals.filter { $0.value > succeeded }
        let confirmed = unconfirmed.filter { $0.sequence <= succeeded }.map(\.instrument)
        unconfirmed.removeAll { $0.sequence <= succeeded }
        return (confirmed, succeeded)
    }
}
