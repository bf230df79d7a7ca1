/// Binance's limit of request weight a minute, kept by whoever asks through this (Binance, "LIMITS": the weight is
/// counted by address, and each answer says in `X-MBX-USED-WEIGHT-1M` how much of this minute's was used; 429 and 418
/// say in `Retry-After` for how many seconds not to come back).
actor RequestBudget {
    /// What may be used a minute.
    private let limit: Int
    private let wallMicros: @Sendable () -> Int64
    private let monotonicMicros: @Sendable () -> Int64
    private var minute: Int64 = -1
    private var used = 0
    /// On the monotonic clock.
    private var blockedUntilMicros: Int64 = 0

    /// After a refusal that does not say for how long.
    private static let usualBlockSeconds = 60

    init(
        limit: Int, wallMicros: @escaping @Sendable () -> Int64, monotonicMicros: @escaping @Sendable () -> Int64
    ) {
        self.limit = limit
        self.wallMicros = wallMicros
        self.monotonicMicros = monotonicMicros
    }

    /// Waits until so much may be asked for, and books it.
    ///
    /// - Throws: `CancellationError`.
    func take(_ weight: Int) async throws {
        while let pause = pause(before: weight) { try await Task.sleep(for: .microseconds(pause)) }
        used += weight
    }

    /// What the server counts, which knows of others at this address, too.
    func answered(usedWeight: Int) {
        roll()
        used = max(used, usedWeight)
    }

    /// The server wants to be left alone.
    ///
    /// - Returns: for how many seconds.
    @discardableResult
    func refused(retryAfterSeconds: Int?) -> Int {
        let seconds = max(1, retryAfterSeconds ?? Self.usualBlockSeconds)
        blockedUntilMicros = max(blockedUntilMicros, monotonicMicros() + Int64(seconds) * 1_000_000)
        return seconds
    }

    /// Microseconds to wait; nil to go ahead.
    private func pause(before weight: Int) -> Int64? {
        let now = monotonicMicros()
        guard now >= blockedUntilMicros else { return blockedUntilMicros - now }
        roll()
        // A question that is heavier than the whole budget has a minute of its own.
        guard used > 0, used + weight > limit else { return nil }
        return 60_000_000 - wallMicros() % 60_000_000
    }

    private func roll() {
        let now = wallMicros() / 60_000_000
        guard now != minute else { return }
        minute = now
        used = 0
    }
}
