import Logging
import MarketWire
import NIOCore
import ServiceKit
import Synchronization
import TestServers
import Testing
import WebSockets

@testable import ExchangeSimulator

/// A client that does not keep up harms itself alone.
@Suite(.timeLimit(.minutes(3))) struct SlowClientTests {
    @Test func aClientThatNeverReadsIsClosedAndOthersAreUnaffected() async throws {
        let folder = try RecordingFolder()
        defer { folder.remove() }
        // 150,000 trades of 150 bytes in 15 s fill every buffer on the way; the other symbol has 1,500.
        let start: Int64 = 1_577_977_800_000
        let busy = (0..<150_000).map { "\($0),7000.0,0.001,7.0,\(start + Int64($0) / 10),true,true\n" }
        let files = [
            try folder.write("BUSYUSDT-trades.csv", busy.joined()),
            try folder.write("CALMUSDT-trades.csv", RecordingFolder.trades(1_500)),
        ]
        let values = [
            "SIMULATOR_FILES": files.joined(separator: ","), "SIMULATOR_MAX_LAG": "500ms",
            "SIMULATOR_START": "subscription",
        ]
        try await SimulatorServer.with(values) { server in
            try await server.listening("/ws/calmusdt@trade") { other, heard in
                var unread = WebSocketClientConfiguration()
                // Full with the first message: nobody takes any, so the socket is read no more.
                unread.inboundLimitBytes = 1
                let slow = try await WebSocketClient(unread).connect(to: server.address("/ws/busyusdt@trade"))
                // Once the server has closed its end, what it still had in its buffers is gone: then a write of ours
                // is answered by a reset. Requests are read until then, and answered into the void.
                try await waitUntil("the slow client is closed", withinMillis: 60_000, everyMillis: 250) {
                    do {
                        try await slow.send(text: #"{"method":"LIST_SUBSCRIPTIONS","id":1}"#)
                        return slow.closure != nil
                    } catch {
                        return true
                    }
                }
                let ids = heard.events("trade").integers("t")
                #expect(other.closure == nil)
                #expect(!ids.isEmpty && ids == Array(100..<100 + Int64(ids.count)), "the other missed nothing")
                try await heard.wait("the other goes on") { $0.events("trade").count > ids.count }
                slow.abort()
            }
        }
    }
}
