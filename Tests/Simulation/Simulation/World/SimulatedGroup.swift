import TradeProcessor

/// The consumer group: who reads which partition, as the coordinator sees it.
final class SimulatedGroup {
    private unowned let world: World
    /// Members by process number, and since when each was not heard of.
    private var members: [Int: Int64?] = [:]
    private var owners: [Int32: Int] = [:]
    /// Partitions whose owner was asked to give them up.
    private var revoking: Set<Int32> = []
    /// Offsets committed to Kafka, for lag tools only.
    var offsets: [Int32: Int64] = [:]

    private static let sessionTimeoutMicros: Int64 = 10_000_000

    init(world: World) { self.world = world }

    func owner(_ partition: Int32) -> Int? { owners[partition] }

    func join(_ process: SimulatedProcess) { members[process.number] = .some(nil) }

    /// The coordinator looks at its members and gives out what nobody has.
    func turn() {
        let now = world.clock.nowMicros
        for number in members.keys.sorted() {
            guard let process = world.processes[number], !process.isDead, !process.isPaused else {
                if let silent = members[number] ?? nil {
                    if now - silent > Self.sessionTimeoutMicros { expel(number) }
                } else {
                    members[number] = now
                }
                continue
            }
            members[number] = .some(nil)
        }
        for partition in 0..<world.scenario.partitions where owners[partition] == nil { give(partition) }
    }

    private func give(_ partition: Int32) {
        let candidates = members.keys.sorted().filter { number in
            guard let process = world.processes[number] else { return false }
            return process.isRunning && !process.isLeaving && process.notices.isEmpty
        }
        guard !candidates.isEmpty else { return }
        let number = world.random.pick(candidates)
        owners[partition] = number
        world.processes[number]?.notices.append(.assigned([partition]))
    }

    /// Asks the owner of a partition to give it up, so that another may get it.
    func move(_ partition: Int32) {
        guard let number = owners[partition], let process = world.processes[number], !process.isDead,
            revoking.insert(partition).inserted
        else { return }
        process.notices.append(.revoked([partition]))
    }

    /// Takes everything of a member away without asking.
    func expel(_ number: Int) {
        let partitions = owners.filter { $0.value == number }.map(\.key).sorted()
        for partition in partitions { owners[partition] = nil }
        revoking.subtract(partitions)
        guard let process = world.processes[number], !process.isDead else {
            members[number] = nil
            return
        }
        // What it was to be told before is overtaken.
        process.notices = partitions.isEmpty ? [] : [.lost(Array(process.assigned.union(partitions)).sorted())]
        if partitions.isEmpty, !process.assigned.isEmpty { process.notices = [.lost(process.assigned.sorted())] }
    }

    /// A member leaves and joins again: it gives up all it has.
    func rejoin(_ process: SimulatedProcess) {
        let partitions = owners.filter { $0.value == process.number && !revoking.contains($0.key) }.map(\.key).sorted()
        revoking.formUnion(partitions)
        if !partitions.isEmpty { process.notices.append(.revoked(partitions)) }
    }

    func released(_ partitions: [Int32], by process: SimulatedProcess) {
        for partition in partitions where owners[partition] == process.number {
            owners[partition] = nil
            revoking.remove(partition)
        }
    }

    func died(_ process: SimulatedProcess) {
        if process.isLeaving { expel(process.number) }
    }
}
