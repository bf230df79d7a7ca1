import Foundation
import Testing

@testable import Exchanges

@Suite struct RFC3339Tests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2026-08-09T21:05:42.514318Z", 1_786_309_542_514_318),
        ("2026-08-09T21:05:48.228568804Z", 1_786_309_548_228_568),
        ("2026-08-09T21:05:38.50436Z", 1_786_309_538_504_360),
        ("2026-08-09T23:05:42.514318+02:00", 1_786_309_542_514_318),
        ("2024-02-29T00:00:00.000001Z", 1_709_164_800_000_001),
        ("2026-08-09 21:05:42Z", 1_786_309_542_000_000),
    ])
    func times(_ text: String, _ micros: Int64) { #expect(RFC3339.micros(text) == micros) }

    @Test(arguments: [
        "", "2026-08-09", "2026-08-09T21:05:42", "2026-13-09T21:05:42Z", "2026-02-29T21:05:42Z", "2026-08-09T24:05:42Z",
        "2026-08-09T21:05:42.Z", "2026-08-09T21:05:42.1234567890Z", "2026-08-09T21:05:42Zx", "1969-12-31T23:59:59Z",
        "2026-08-09T21:05:42+2:00", "２026-08-09T21:05:42Z",
    ])
    func anythingElse(_ text: String) { #expect(RFC3339.micros(text) == nil) }

    /// Against Foundation's calendar, a day of each month over four centuries.
    @Test func everyMonth() throws {
        let formatter = ISO8601DateFormatter()
        for year in stride(from: 1_970, through: 2_399, by: 3) {
            for month in 1...12 {
                let text = "\(year)-\(month < 10 ? "0" : "")\(month)-28T12:34:56Z"
                let date = try #require(formatter.date(from: text))
                #expect(RFC3339.micros(text) == Int64(date.timeIntervalSince1970) * 1_000_000)
            }
        }
    }
}
