import Testing

@testable import ServiceKit

@Suite struct RepeatFilterTests {
    @Test func theFirstOfAKindPassesAndTheNextOnlyAfterThePause() {
        var filter = RepeatFilter(pauseMicros: 100)
        #expect(filter.admit("0/1 brokers are down", nowMicros: 0) == 0)
        #expect(filter.admit("0/1 brokers are down", nowMicros: 1) == nil)
        #expect(filter.admit("1/1 brokers are down", nowMicros: 99) == nil)
        #expect(filter.admit("1/1 brokers are down", nowMicros: 100) == 2)
        #expect(filter.admit("0/1 brokers are down", nowMicros: 101) == nil)
        #expect(filter.admit("0/1 brokers are down", nowMicros: 1_000) == 1)
    }

    @Test func asManyAsABurstPass() {
        var filter = RepeatFilter(burst: 3, pauseMicros: 100)
        #expect((0..<5).map { filter.admit("trade \($0) is late", nowMicros: $0) } == [0, 0, 0, nil, nil])
        #expect((100..<104).map { filter.admit("trade \($0) is late", nowMicros: $0) } == [2, 0, 0, nil])
    }

    @Test func linesOfOtherWordsDoNotHoldEachOtherBack() {
        var filter = RepeatFilter(pauseMicros: 100)
        #expect(filter.admit("a is down", nowMicros: 0) == 0)
        #expect(filter.admit("b is down", nowMicros: 0) == 0)
        #expect(filter.admit("b is down", nowMicros: 1) == nil)
    }

    @Test func kindsAreForgottenBeyondTheBound() {
        var filter = RepeatFilter(pauseMicros: 100, maxKinds: 2)
        #expect(filter.admit("a", nowMicros: 0) == 0)
        #expect(filter.admit("b", nowMicros: 1) == 0)
        #expect(filter.admit("c", nowMicros: 2) == 0)
        #expect(filter.admit("b", nowMicros: 3) == nil, "b was heard of later than a and is still remembered")
        #expect(filter.admit("a", nowMicros: 4) == 0, "a was forgotten for c")
    }
}
