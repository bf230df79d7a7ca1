/// Notices that Redis has not got what it was given: emptied, or gone over to a replica that lags. Pure.
///
/// What is written before a commit moves no sentinel, so every flush also counts up a number of the partition: where
/// the next one does not lie above the last, whatever was written in between is gone.
package struct LiveLossWatch: Sendable {
    private var known: [Int32: (sentinel: LiveMailbox.Sentinel, flushes: Int64)] = [:]

    package init() {}

    /// A flush of a partition was answered.
    ///
    /// - Parameters:
    ///   - found: the sentinel that stood there before.
    ///   - flushes: the number after counting up.
    ///   - written: the sentinel that was given.
    /// - Returns: whether Redis lost something since the last flush. The first one after a start cannot tell, and need
    ///   not: a claim publishes everything.
    package mutating func isLost(
        _ partition: Int32, found: LiveMailbox.Sentinel?, flushes: Int64, written: LiveMailbox.Sentinel
    ) -> Bool {
        let last = known.updateValue((written, flushes), forKey: partition)
        guard let last else { return false }
        return flushes <= last.flushes || found.map { $0 < last.sentinel } ?? true
    }
}
