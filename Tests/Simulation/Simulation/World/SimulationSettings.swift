import MarketCore
import ServiceKit
import TradeProcessor

/// Settings of the processes, read once for each kind: reading them costs more than a history.
enum SimulationSettings {
    static func settings(_ intervals: [Interval], _ policy: NewLogPolicy) throws -> ProcessorSettings {
        switch all {
        case .success(let table): return table["\(intervals.count) \(policy)"] ?? table.values[table.startIndex]
        case .failure(let error): throw error
        }
    }

    private static let all: Result<[String: ProcessorSettings], any Error> = Result {
        var table: [String: ProcessorSettings] = [:]
        for count in 1...Interval.allCases.count {
            for policy in NewLogPolicy.allCases {
                table["\(count) \(policy)"] = try ProcessorSettings(
                    Settings([
                        "CANDLE_INTERVALS": Interval.allCases.prefix(count).map(\.description).joined(separator: ","),
                        "ON_NEW_LOG": policy.rawValue,
                    ]))
            }
        }
        return table
    }
}
