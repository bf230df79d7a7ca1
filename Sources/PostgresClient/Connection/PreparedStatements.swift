/// Which statements a connection holds prepared, and under which names.
///
/// A name is never used twice, so that a preparation that failed or was skipped leaves no doubt about what a name
/// means.
struct PreparedStatements {
    /// A statement as the server tells them apart: its text and the types of its parameters.
    struct Key: Hashable {
        var sql: String
        var typeIDs: [UInt32]
    }

    private struct Entry {
        var name: String
        var lastUse: UInt64
    }

    private let limit: Int
    private var entries: [Key: Entry] = [:]
    private var namesGiven: UInt64 = 0
    private var uses: UInt64 = 0

    /// - Parameter limit: How many are kept, at least 1.
    init(limit: Int) { self.limit = max(1, limit) }

    /// The name of a statement that is prepared.
    mutating func name(of key: Key) -> String? {
        uses += 1
        entries[key]?.lastUse = uses
        return entries[key]?.name
    }

    /// A name to prepare a statement under.
    mutating func freshName() -> String {
        namesGiven += 1
        return "s\(namesGiven)"
    }

    /// Notes that the server has prepared a statement.
    mutating func insert(_ key: Key, name: String) {
        uses += 1
        entries[key] = Entry(name: name, lastUse: uses)
    }

    /// Notes that a statement is no longer good for use, for example after a change of the schema.
    mutating func remove(_ key: Key) { entries[key] = nil }

    /// A mark in time for ``makeRoom(for:sparing:)``.
    var now: UInt64 { uses }

    /// Takes out the names that must be deallocated to make room for `count` more: those unused longest, but none
    /// used after `mark`.
    mutating func makeRoom(for count: Int, sparing mark: UInt64) -> [String] {
        let excess = entries.count + count - limit
        guard excess > 0 else { return [] }
        let oldest = entries.filter { $0.value.lastUse <= mark }.sorted { $0.value.lastUse < $1.value.lastUse }
        for (key, _) in oldest.prefix(excess) { entries[key] = nil }
        return oldest.prefix(excess).map(\.value.name)
    }
}
