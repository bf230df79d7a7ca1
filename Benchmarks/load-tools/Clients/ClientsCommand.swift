import ArgumentParser
import NIOCore
import NIOPosix
import ServiceKit

#if canImport(Glibc)
import Glibc
#endif

/// Many WebSocket clients in one process.
struct ClientsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clients", abstract: "WebSocket clients that measure how old is what they get.",
        discussion: "Prints 'counting N' once N clients are connected, and at the end a line of JSON.")

    @Option(help: "The server's port, at 127.0.0.1.")
    var port: Int
    @Option(help: "What is asked for, with its query.")
    var path: String
    @Option(help: "A text to send once connected.")
    var send: String?
    @Option(help: "What stands before the trade's time, unix microseconds, in a message.")
    var key = "\"event_time_us\":"
    @Option(help: "What messages that count begin with.")
    var prefix = ""
    @Option(help: "How many clients.")
    var clients = 1
    @Option(help: "Clients that connect at a time.")
    var connecting = 50
    @Option(help: "Seconds between the last connection and the first message that counts.")
    var settle = 2.0
    @Option(help: "Seconds for which messages count.")
    var seconds = 10.0

    func run() async throws {
        let plan = LoadPlan(
            host: "127.0.0.1", port: port, path: path, request: send,
            clock: MessageClock(key: Array(key.utf8), prefix: Array(prefix.utf8)))
        // One thread: what it takes is the server's no more, but it is the same machine's.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var records: [ClientRecord] = []
        while records.count < clients {
            let wanted = min(connecting, clients - records.count)
            let connected = await connect(wanted, plan, group)
            records += connected
            if connected.count < wanted { break }
        }
        try await Task.sleep(for: .seconds(settle))
        let (start, startCPU) = (TimeSource.system.monotonicMicros, Self.cpuSeconds)
        plan.counting.isOn.store(true, ordering: .relaxed)
        say("counting \(records.count)")
        try await Task.sleep(for: .seconds(seconds))
        plan.counting.isOn.store(false, ordering: .relaxed)
        let report = LoadReport(
            records, clients: clients, seconds: Double(TimeSource.system.monotonicMicros - start) / 1e6,
            cpuSeconds: Self.cpuSeconds - startCPU)
        say(try report.json())
        // The sockets end with the process.
    }

    /// - Returns: of those that the server agreed to.
    private func connect(_ count: Int, _ plan: LoadPlan, _ group: any EventLoopGroup) async -> [ClientRecord] {
        await withTaskGroup(of: ClientRecord?.self) { tasks in
            for _ in 0..<count {
                tasks.addTask {
                    do {
                        return try await connect(plan, group)
                    } catch {
                        say("a client is not connected: \(error)")
                        return nil
                    }
                }
            }
            return await tasks.reduce(into: []) { if let record = $1 { $0.append(record) } }
        }
    }

    private func connect(_ plan: LoadPlan, _ group: any EventLoopGroup) async throws -> ClientRecord {
        let record = ClientRecord()
        let opened = group.next().makePromise(of: Void.self)
        do {
            _ = try await ClientBootstrap(group: group)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                // Small messages: a reader that has read little need not be given the largest buffer.
                .channelOption(
                    .recvAllocator,
                    value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 1_024, maximum: 65_536)
                )
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(LoadClient(plan, record, opened: opened))
                    }
                }
                .connect(host: plan.host, port: plan.port).get()
        } catch {
            opened.fail(error)
        }
        try await opened.futureResult.get()
        return record
    }

    private func say(_ line: String) {
        print(line)
        // Into a pipe it would wait for more.
        fflush(nil)
    }

    private static var cpuSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
