import ArgumentParser
import NIOCore
import ServiceKit

/// The floor of the fan-out: nothing but the time and the bytes.
struct BroadcastCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "broadcast", abstract: "A bare WebSocket server that sends all clients a frame now and then.")

    @Option(help: "The port to listen on, at 127.0.0.1.")
    var port: Int
    @Option(help: "Frames a second, to each client.")
    var rate = 10.0
    @Option(help: "Bytes of a message.")
    var bytes = 150

    func run() async throws {
        let server = FrameServer()
        try await server.start(port: port)
        let clock = ContinuousClock()
        var next = clock.now
        while true {
            var text = Array(#"{"type":"price","event_time_us":\#(TimeSource.system.wallMicros),"padding":""#.utf8)
            text += [UInt8](repeating: UInt8(ascii: "x"), count: max(0, bytes - text.count - 2))
            text += Array("\"}".utf8)
            var frame = ByteBuffer()
            FrameServer.append(text: text.span.bytes, to: &frame)
            server.send(frame)
            next += .seconds(1 / rate)
            try await Task.sleep(until: next, clock: clock)
        }
    }
}
