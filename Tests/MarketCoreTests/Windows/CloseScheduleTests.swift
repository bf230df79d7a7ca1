import SimulatedMarket
import Testing

@testable import MarketCore

struct CloseScheduleTests {
    @Test func bucketsComeByEndAndThenShorterFirst() {
        let seed: UInt64 = 41
        var random = SeededRandom(seed: seed)
        var schedule = CloseSchedule()
        var expected: [(end: Int64, level: Int, instruments: [Int32])] = []
        for instrument in 0..<500 as Range<Int32> {
            let end = random.int(1...20)
            let level = Int(random.int(0...3))
            schedule.add(instrument, level: level, endMicros: end)
            if let index = expected.firstIndex(where: { $0.end == end && $0.level == level }) {
                expected[index].instruments.append(instrument)
            } else {
                expected.append((end, level, [instrument]))
            }
        }
        expected.sort { ($0.end, $0.level) < ($1.end, $1.level) }
        #expect(schedule.nextEndMicros == expected.first?.end)
        #expect(schedule.lastEndMicros == expected.last?.end)
        for bucket in expected {
            let early = schedule.takeFirst(endingBy: bucket.end - 1)
            #expect(early == nil)
            guard let taken = schedule.takeFirst(endingBy: bucket.end) else {
                Issue.record("no bucket, seed \(seed)")
                return
            }
            #expect((taken.endMicros, taken.level) == (bucket.end, bucket.level), "seed \(seed)")
            #expect(taken.instruments == bucket.instruments, "seed \(seed)")
            schedule.recycle(taken)
        }
        #expect(schedule.nextEndMicros == Int64.max)
        schedule.add(7, level: 0, endMicros: 3)
        let reused = schedule.takeFirst(endingBy: 3)
        #expect(reused?.instruments == [7])
    }
}
