import SimulatedMarket

/// The command line of `simulate`.
package struct SimulateOptions: Equatable, Sendable {
    package enum Mode: Equatable, Sendable {
        case help
        case listDefects
        case listFaults
        /// Many, as one number.
        case digest
        /// One history.
        case one
        case many
        /// Until a seed shows the defect.
        case defect
        /// Every defect.
        case defects
    }

    package var mode = Mode.many
    package var seed: UInt64?
    package var firstSeed: UInt64 = 1
    package var histories: UInt64?
    package var workers: Int?
    package var shrinks = true
    package var traces = false
    package var defect: Defect?
    package var trades: Int64?
    package var partitions: Int32?
    package var processes: Int?
    package var longerIntervals: Int?
    package var faultLimit: Int?
    package var faults: Faults?
    package var hazards: History.Hazards?

    package struct UsageError: Error, CustomStringConvertible, Equatable {
        package let description: String
    }

    package init() {}

    package init(_ arguments: [String]) throws(UsageError) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            var given = parts.count == 2 ? String(parts[1]) : nil
            func value() throws(UsageError) -> String {
                if let text = given { return text }
                guard let next = rest.popFirst() else { throw UsageError(description: "\(argument) needs a value") }
                given = next
                return next
            }
            let name = String(parts[0])
            switch name {
            case "--help", "-h": mode = .help
            case "--list-defects": mode = .listDefects
            case "--list-faults": mode = .listFaults
            case "--digest": mode = .digest
            case "--all-defects": mode = .defects
            case "--no-shrink": shrinks = false
            case "--trace": traces = true
            case "--seed": seed = try Self.number(name, try value(), in: 0...(.max))
            case "--first-seed": firstSeed = try Self.number(name, try value(), in: 0...(1 << 62))
            case "--histories": histories = try Self.number(name, try value(), in: 1...1_000_000_000)
            case "--workers": workers = try Self.number(name, try value(), in: 1...256)
            case "--trades": trades = try Self.number(name, try value(), in: 1...10_000)
            case "--partitions": partitions = try Self.number(name, try value(), in: 1...12)
            case "--processes": processes = try Self.number(name, try value(), in: 1...8)
            case "--longer-intervals": longerIntervals = try Self.number(name, try value(), in: 0...6)
            case "--fault-limit": faultLimit = try Self.number(name, try value(), in: 0...10_000)
            case "--defect":
                let text = try value()
                guard let defect = Defect(rawValue: text) else {
                    throw UsageError(description: "there is no defect '\(text)': simulate --list-defects names them")
                }
                self.defect = defect
            case "--faults":
                faults = Faults(try Self.members(name, try value(), Faults.names.map { ($0.name, $0.fault.rawValue) }))
            case "--hazards":
                hazards = History.Hazards(
                    rawValue: try Self.members(
                        name, try value(), History.Hazards.names.map { ($0.name, $0.hazard.rawValue) }))
            default: throw UsageError(description: "unknown option \(argument)")
            }
        }
        if mode == .many { mode = seed != nil ? .one : defect != nil ? .defect : .many }
    }

    /// The scenario of a seed, with what the command line sets.
    package func scenario(_ seed: UInt64) -> Scenario {
        var scenario = Scenario(seed: seed, defect: defect)
        if let trades { scenario.trades = trades }
        if let partitions { scenario.partitions = partitions }
        if let processes { scenario.processes = processes }
        if let longerIntervals { scenario.longerIntervals = longerIntervals }
        if let faultLimit { scenario.faultLimit = faultLimit }
        if let faults { scenario.faults = faults }
        if let hazards { scenario.hazards = hazards }
        return scenario
    }

    private static func number<Number: FixedWidthInteger>(
        _ name: String, _ text: String, in range: ClosedRange<Number>
    ) throws(UsageError) -> Number {
        guard let number = Number(text), range.contains(number) else {
            throw UsageError(
                description: "\(name) \(text): a number from \(range.lowerBound) to \(range.upperBound) is expected")
        }
        return number
    }

    private static func members(
        _ name: String, _ text: String, _ known: [(name: String, bits: Int)]
    ) throws(UsageError) -> Int {
        if text == "all" { return known.reduce(0) { $0 | $1.bits } }
        if text == "none" { return 0 }
        var bits = 0
        for word in text.split(separator: ",") {
            guard let member = known.first(where: { $0.name == word }) else {
                throw UsageError(
                    description: "\(name): '\(word)' is none of \(known.map(\.name).joined(separator: ", "))")
            }
            bits |= member.bits
        }
        return bits
    }
}

extension Faults {
    init(_ bits: Int) { self.init(rawValue: bits) }
}
