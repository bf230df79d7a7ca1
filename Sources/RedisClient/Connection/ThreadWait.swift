import ClientThreads

/// How a connection's thread waits: whatever it waits for, it goes on attending to those who wait for it.
struct ThreadWait {
    /// What has to be done besides.
    struct Attention {
        /// When ``ThreadWait/attend`` must be called again at the latest (monotonic milliseconds).
        var nextMillis: Int64?
        /// Whether the thread must end.
        var isStopping: Bool
    }

    let wake: WakePipe
    let environment: RedisEnvironment
    /// Ends what has waited too long; called before each wait.
    let attend: () -> Attention

    var nowMillis: Int64 { environment.monotonicMillis() }

    /// Waits until the descriptor is ready, someone wakes the thread, something needs attention, or the deadline
    /// passes.
    ///
    /// - Returns: poll's `revents` of the descriptor; 0 when it is not ready.
    /// - Throws: ``RedisError/Code/closed`` when the thread must end.
    func wait(for descriptor: Int32 = -1, events: Int16 = 0, untilMillis deadline: Int64?) throws(RedisError) -> Int16 {
        let attention = attend()
        if attention.isStopping { throw .closed }
        let next = [deadline, attention.nextMillis].compactMap(\.self).min()
        let timeout = next.map { Int32(clamping: max(0, $0.addingClamped(-nowMillis))) } ?? -1
        return wake.wait(for: descriptor, events: events, timeoutMillis: timeout).events
    }
}
