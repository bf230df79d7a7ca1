import Testing

@testable import TradeProcessor

@Suite struct MultirangeTests {
    @Test(arguments: [[], [5...5], [1...4, 7...7, 100...2_000_000_000_000]] as [[ClosedRange<Int64>]])
    func textAndBack(ranges: [ClosedRange<Int64>]) {
        #expect(Multirange.ranges(Multirange.text(ranges)) == ranges)
    }

    @Test func theTextIsPostgreSQLs() {
        #expect(Multirange.text([1...4, 7...7]) == "{[1,5),[7,8)}")
    }

    @Test(arguments: ["", "{", "[1,5)", "{[1,5),[7)}", "{[5,1)}", "{[a,b)}"])
    func otherTextIsRefused(text: String) {
        #expect(Multirange.ranges(text) == nil)
    }
}
