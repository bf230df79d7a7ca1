import ArgumentParser
import ServiceKit

#if canImport(Glibc)
import Glibc
#endif

/// Many WebSocket clients in one process.
struct ClientsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clients", abstract: "WebSocket clients that measure how old is what they get.",
        discussion: "Prints 'counting N' once N clients are connected, and at the end a line of JSON.")

    @Option(help: "The server's port, at 127.0.0.1.")
    var port: UInt16
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

    func validate() throws {
        guard clients > 0, connecting > 0 else { throw ValidationError("--clients and --connecting are above 0") }
    }

    func run() throws {
        var loop = try ClientLoop(
            LoadPlan(
                port: port, path: path, request: send,
                clock: MessageClock(key: Array(key.utf8), prefix: Array(prefix.utf8))))
        while loop.clients.count < clients {
            guard try loop.connect(min(connecting, clients - loop.clients.count)) else { break }
        }
        for client in loop.clients where client.stage != .open { say("a client is not connected: \(client.reason)") }
        try loop.run(seconds: settle)
        let (start, startCPU) = (TimeSource.system.monotonicMicros, Self.cpuSeconds)
        loop.counts = true
        say("counting \(loop.clients.count { $0.stage == .open })")
        try loop.run(seconds: seconds)
        let report = LoadReport(
            loop.clients.filter { $0.stage != .refused }, clients: clients,
            seconds: Double(TimeSource.system.monotonicMicros - start) / 1e6,
            cpuSeconds: Self.cpuSeconds - startCPU)
        say(try report.json())
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
