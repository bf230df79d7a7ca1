/// Consecutive ids that are missing between two runs of known ones.
package struct IDHole: Equatable {
    var first: Int64
    package var last: Int64
    /// Event time of the last trade with a quantity in the run of ids just before; ``noTime`` where it has none.
    var beforeMicros: Int64
    /// Event time of the first trade with a quantity in the run of ids just after; ``noTime`` where it has none.
    var afterMicros: Int64

    var count: Int64 { last - first + 1 }
    var ids: ClosedRange<Int64> { first...last }
}

/// A change of how many ids are missing between two times: to be counted in the windows of both, once if it is one.
struct HoleDelta: Equatable {
    /// ``noTime`` where that side counts nowhere.
    var beforeMicros: Int64
    var afterMicros: Int64
    var count: Int64
}
