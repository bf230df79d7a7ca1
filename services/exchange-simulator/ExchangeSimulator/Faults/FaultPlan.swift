import Logging
import ServiceKit

/// When which fault strikes: by a script, or by a seed for ever.
enum FaultPlan: Sendable {
    /// Each after so much time since the start.
    case script([(after: Duration, fault: Fault)])
    /// One of these after the other by chance, at pauses of half to one and a half times `every`.
    case chance([Fault], every: Duration, seed: UInt64)

    /// Reads a script: a line for each fault, `1500ms stall 5s`; what follows a `#` is a remark.
    ///
    /// - Throws: `SettingProblem` with the number of the line.
    static func script(_ text: String) throws(SettingProblem) -> Self {
        var entries: [(after: Duration, fault: Fault)] = []
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.prefix { $0 != "#" }.split(separator: " ")
            guard let first = words.first else { continue }
            guard let after = Duration(settingText: String(first)) else {
                throw SettingProblem("a time before the fault in line \(number + 1)")
            }
            do throws(SettingProblem) {
                entries.append((after, try Fault(words.dropFirst().joined(separator: " "))))
            } catch {
                throw SettingProblem("in line \(number + 1) \(error)")
            }
        }
        return .script(entries.sorted { $0.after < $1.after })
    }

    /// Lets them strike until the script is over or the task is cancelled.
    func run(_ board: FaultBoard, time: TimeSource, logger: Logger) async throws {
        func strike(_ fault: Fault) {
            let connections = board.strike(fault, atMicros: time.wallMicros)
            logger.info("a fault strikes", metadata: ["fault": "\(fault)", "connections": "\(connections)"])
        }
        switch self {
        case .script(let entries):
            let start = ContinuousClock.now
            for entry in entries {
                try await Task.sleep(until: start + entry.after)
                strike(entry.fault)
            }
        case .chance(let faults, let every, let seed):
            guard !faults.isEmpty else { return }
            var count: Int64 = 0
            while true {
                count += 1
                let dice = Mixing.hash(seed, count)
                try await Task.sleep(for: every * (Double(dice >> 40) / Double(1 << 24) + 0.5))
                strike(faults[Int(dice % UInt64(faults.count))])
            }
        }
    }
}
