// market-api with routes more that answer what stands in files: what a request costs before its answer is made.
//
// FIXED_ANSWERS is a folder; its file `price` is the answer of /fixed/price. Everything else is market-api's own.

import FoundationEssentials
import MarketAPI

#if canImport(Glibc)
import Glibc
#endif

/// Ends the program with a word for whoever started it (`EX_USAGE`).
func refuse(_ reason: String) -> Never {
    print("fixed-answers: \(reason)")
    exit(64)
}

guard let folder = ProcessInfo.processInfo.environment["FIXED_ANSWERS"] else {
    refuse("FIXED_ANSWERS is missing: the folder of the answers")
}
var routes: [String: MarketAPI.Answer] = [:]
do {
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
        let answer = try FixedAnswer(contentsOf: "\(folder)/\(name)")
        routes["/fixed/\(name)"] = { _ in answer.response }
    }
} catch {
    refuse("the answers in '\(folder)' cannot be read: \(error)")
}
await MarketAPI.program(with: routes).main()
