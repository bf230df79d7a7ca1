/// What a connection's thread does all its life: connect, serve, pause, and again.
struct ReconnectLoop {
    /// Why there is no connection now.
    struct Interruption {
        let error: RedisError
        /// Whether a connection that worked was lost, and not an attempt to make one.
        let wasOpen: Bool
        /// The pause before the next attempt, in milliseconds.
        let retryInMillis: Int64
    }

    let configuration: RedisConfiguration
    let environment: RedisEnvironment
    let resolver: HostResolver
    let waiter: ThreadWait

    /// Runs until the thread must end.
    ///
    /// - Parameters:
    ///   - serve: Uses an open connection, and throws when it is lost.
    ///   - interrupted: Told before each pause.
    func run(serve: (Link) throws(RedisError) -> Never, interrupted: (Interruption) -> Void) {
        let opening = LinkOpening(configuration: configuration, resolver: resolver, waiter: waiter)
        var backoff = Backoff(minMillis: configuration.reconnectMinMillis, maxMillis: configuration.reconnectMaxMillis)
        while true {
            var openedMillis: Int64?
            do throws(RedisError) {
                let link = try opening.open()
                openedMillis = waiter.nowMillis
                try serve(link)
            } catch {
                if error.code == .closed { return }
                // A server that drops us as soon as it has let us in must not be asked ever faster.
                if let openedMillis, waiter.nowMillis - openedMillis >= configuration.reconnectMaxMillis {
                    backoff.reset()
                }
                let pause = backoff.next(random: environment.random())
                interrupted(Interruption(error: error, wasOpen: openedMillis != nil, retryInMillis: pause))
                guard waitOut(pause) else { return }
            }
        }
    }

    /// - Returns: False when the thread must end.
    private func waitOut(_ pauseMillis: Int64) -> Bool {
        let end = waiter.nowMillis.addingClamped(pauseMillis)
        do throws(RedisError) {
            repeat { _ = try waiter.wait(untilMillis: end) } while waiter.nowMillis < end
            return true
        } catch {
            return false
        }
    }
}
