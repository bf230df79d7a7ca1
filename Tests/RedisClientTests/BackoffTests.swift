import Testing

@testable import RedisClient

@Suite struct BackoffTests {
    @Test func theLimitDoublesUpToTheLargest() {
        var backoff = Backoff(minMillis: 100, maxMillis: 1_000)
        let pauses = (1...6).map { _ in backoff.next(random: 0.999_999_9) }
        #expect(pauses == [99, 199, 399, 799, 999, 999])
        backoff.reset()
        #expect(backoff.next(random: 0.999_999_9) == 99)
    }

    @Test func thePauseLiesAnywhereBelowTheLimit() {
        var backoff = Backoff(minMillis: 1_000, maxMillis: 1_000)
        #expect([0, 0.25, 0.5].map { backoff.next(random: $0) } == [0, 250, 500])
    }

    @Test func absurdSettingsAndNumbersDoNoHarm() {
        var backoff = Backoff(minMillis: -5, maxMillis: -10)
        #expect(backoff.next(random: .nan) == 0)
        var large = Backoff(minMillis: .max / 2, maxMillis: .max)
        for random in [0.5, 1, 2, -1, .infinity] { #expect(large.next(random: random) >= 0) }
    }

    @Test func silenceIsAskedAboutAndThenTheEnd() {
        var watch = SilenceWatch(timeoutMillis: 100, nowMillis: 0)
        #expect(watch.check(nowMillis: 99) == .fine)
        #expect(watch.check(nowMillis: 100) == .ask)
        #expect(watch.check(nowMillis: 199) == .fine)
        #expect(watch.nextMillis == 200)
        #expect(watch.check(nowMillis: 200) == .dead)
        watch.heard(nowMillis: 150)
        #expect(watch.check(nowMillis: 200) == .fine)
    }
}
