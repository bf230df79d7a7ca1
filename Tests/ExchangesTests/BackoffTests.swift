import Synchronization
import Testing

@testable import Exchanges

/// Pauses between attempts.
@Suite struct BackoffTests {
    @Test func theCeilingDoublesUpToTheLongest() {
        var backoff = Backoff(first: .milliseconds(500), longest: .seconds(30)) { 1 }
        let ceilings = (0..<10).map { _ in backoff.next() }
        #expect(
            ceilings == [
                .milliseconds(500), .seconds(1), .seconds(2), .seconds(4), .seconds(8), .seconds(16), .seconds(30),
                .seconds(30), .seconds(30), .seconds(30),
            ])
        backoff.reset()
        #expect(backoff.next() == .milliseconds(500))
    }

    @Test func jitterSpreadsOverTheWholePause() {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        let random = Mutex(SeededRandom(seed: seed))
        var pauses: [Duration] = []
        for _ in 0..<2_000 {
            var backoff = Backoff(first: .seconds(1), longest: .seconds(60)) {
                random.withLock { Double.random(in: 0..<1, using: &$0) }
            }
            _ = backoff.next()
            pauses.append(backoff.next())
        }
        #expect(pauses.allSatisfy { $0 >= .zero && $0 < .seconds(2) })
        // Full jitter: some of any tenth, or clients would come back together.
        for tenth in 0..<10 {
            let range = Duration.milliseconds(200 * tenth)..<Duration.milliseconds(200 * (tenth + 1))
            #expect(pauses.contains { range.contains($0) }, "tenth \(tenth), seed \(seed)")
        }
    }

    @Test func manyFailuresDoNotOverflow() {
        var backoff = Backoff(first: .milliseconds(500), longest: .seconds(30)) { 0.5 }
        for _ in 0..<10_000 { _ = backoff.next() }
        #expect(backoff.next() == .seconds(15))
    }
}
