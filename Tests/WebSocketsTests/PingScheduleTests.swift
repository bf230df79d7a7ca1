import NIOCore
import Testing

@testable import WebSockets

@Suite struct PingScheduleTests {
    private let start = NIODeadline.uptimeNanoseconds(0)

    private func schedule(every interval: Int64, timeout: Int64) -> PingSchedule {
        PingSchedule(interval: .seconds(interval), timeout: .seconds(timeout), now: start)
    }

    /// Goes from one due time to the next and tells what was done when, in seconds.
    private func steps(
        of schedule: PingSchedule, until end: Int64, hearing heard: Set<Int64> = []
    ) -> [String] {
        var schedule = schedule
        var done: [String] = []
        for second in 0...end {
            let now = start + .seconds(second)
            if heard.contains(second) { schedule.heard() }
            guard now >= schedule.due else { continue }
            let step = schedule.step(now: now)
            if step != .wait { done.append("\(second) \(step)") }
        }
        return done
    }

    @Test func pingsWhileItIsAnswered() {
        #expect(
            steps(of: schedule(every: 20, timeout: 20), until: 65, hearing: [21, 41])
                == ["20 ping", "40 ping", "60 ping"])
        #expect(steps(of: schedule(every: 20, timeout: 5), until: 45, hearing: [21, 41]) == ["20 ping", "40 ping"])
    }

    @Test func givesUpWhatSaysNothingAfterAPing() {
        #expect(steps(of: schedule(every: 20, timeout: 20), until: 40) == ["20 ping", "40 giveUp"])
        #expect(steps(of: schedule(every: 20, timeout: 5), until: 25) == ["20 ping", "25 giveUp"])
        // What was said before the ping is no answer to it.
        #expect(steps(of: schedule(every: 20, timeout: 5), until: 25, hearing: [19]) == ["20 ping", "25 giveUp"])
    }

    @Test func waitsForOneAnswerAtATime() {
        #expect(steps(of: schedule(every: 10, timeout: 35), until: 45) == ["10 ping", "45 giveUp"])
        #expect(
            steps(of: schedule(every: 10, timeout: 35), until: 45, hearing: [32]) == ["10 ping", "40 ping"])
    }

    @Test func goesOnAfterItGaveUp() {
        // Where nothing could be read the session stays, and pings again.
        #expect(
            steps(of: schedule(every: 20, timeout: 20), until: 62, hearing: [42])
                == ["20 ping", "40 giveUp", "41 ping", "61 ping"])
    }
}
