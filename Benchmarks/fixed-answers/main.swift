// market-api with routes more that answer what stands in files: what a request costs before its answer is made.
//
// FIXED_ANSWERS is a folder; its file `price` is the answer of /fixed/price. Everything else is market-api's own.

import FoundationEssentials
import MarketAPI

#if canImport(Glibc)
import Glibc
#endif

guard let folder = ProcessInfo.processInfo.environment["FIXED_ANSWERS"] else {
    print("fixed-answers: FIXED_ANSWERS is missing: the folder of the answers")
    exit(64)
}
var routes: [String: MarketAPI.Answer] = [:]
for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
    let answer = try FixedAnswer(contentsOf: "\(folder)/\(name)")
    routes["/fixed/\(name)"] = { _ in answer.response }
}
await MarketAPI.program(with: routes).main()
