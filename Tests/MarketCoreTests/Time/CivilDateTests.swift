import Testing

@testable import MarketCore

@Suite struct CivilDateTests {
    /// Known dates: the epoch, the day before it, leap days of 2000 and 2024, and 1900, which was no leap year.
    @Test(
        arguments: [
            (0, 1970, 1, 1), (-1, 1969, 12, 31), (11_016, 2000, 2, 29), (19_782, 2024, 2, 29), (-25_508, 1900, 3, 1),
            (-25_509, 1900, 2, 28), (-719_528, 0, 1, 1), (84_006, 2200, 1, 1),
        ] as [(Int64, Int64, Int64, Int64)])
    func knownDates(_ days: Int64, _ year: Int64, _ month: Int64, _ day: Int64) {
        let date = CivilDate(year: year, month: month, day: day)
        #expect(date.daysSince1970 == days)
        #expect(CivilDate(daysSince1970: days) == date)
    }

    @Test func everyDayFollowsTheOneBefore() {
        var before = CivilDate(daysSince1970: -150_001)
        for days in Int64(-150_000)...150_000 {
            let date = CivilDate(daysSince1970: days)
            let isNewMonth = before.day == CivilDate.days(inMonth: before.month, of: before.year)
            let expected =
                isNewMonth
                ? CivilDate(
                    year: before.month == 12 ? before.year + 1 : before.year, month: before.month % 12 + 1, day: 1)
                : CivilDate(year: before.year, month: before.month, day: before.day + 1)
            guard date == expected, date.daysSince1970 == days else {
                Issue.record("\(days): \(date)")
                return
            }
            before = date
        }
    }
}
