import NIOCore

/// When a session pings its peer, and when it gives it up. Both have one timer: with thousands of sessions, timers that
/// are set and taken back for each ping are a good part of the ping.
struct PingSchedule {
    enum Step: Hashable {
        case ping
        /// Nothing was heard since a ping, for as long as it may take.
        case giveUp
        case wait
    }

    private let interval: TimeAmount
    private let timeout: TimeAmount
    private var nextPing: NIODeadline
    /// Of the ping that is not answered yet.
    private var answerDeadline: NIODeadline?

    /// - Parameters:
    ///   - interval: from one ping to the next; none is sent while one is not answered.
    ///   - timeout: how long the peer may be silent after a ping.
    init(interval: TimeAmount, timeout: TimeAmount, now: NIODeadline) {
        self.interval = interval
        self.timeout = timeout
        nextPing = now + interval
    }

    /// When to ask for the next step.
    var due: NIODeadline { answerDeadline.map { min($0, nextPing) } ?? nextPing }

    /// The peer has sent something, whatever it is.
    mutating func heard() { answerDeadline = nil }

    /// What is to be done now; the next step may be due at another time then.
    mutating func step(now: NIODeadline) -> Step {
        if let deadline = answerDeadline, now >= deadline {
            answerDeadline = nil
            return .giveUp
        }
        guard now >= nextPing else { return .wait }
        nextPing = now + interval
        guard answerDeadline == nil else { return .wait }
        answerDeadline = now + timeout
        return .ping
    }
}
